"""A household as one sheet: the unit, its people, cards and slips, and what is due."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from gateway.domain.card import HELD, CardState
from gateway.domain.errors import NotFoundError
from gateway.domain.issuance import Consent
from gateway.domain.person import NEEDS_OWNER_CONSENT, Proof, Relation
from gateway.domain.whitelist import NO_END
from gateway.services import card_views, site
from gateway.services.card_views import CardView
from gateway.services.clockwork import day_of
from gateway.storage.tables import occupants, people, slips, units


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit. ``areas`` are its own; ``handed_over_at`` is unix seconds."""

    id: int
    code: str
    building: str
    entrance: str
    room: str
    areas: tuple[str, ...]
    handed_over_at: int | None
    arrears: bool
    rev: int


@dataclass(frozen=True, slots=True)
class PersonView:
    """Someone on file. ``phone`` is personal: mask it (gateway.domain.person) where it is not needed."""

    id: int
    name: str
    phone: str
    phone_tail: str
    id_last4: str
    rev: int


@dataclass(frozen=True, slots=True)
class OccupantView:
    """How someone belongs to a unit. Times are unix seconds; ``valid_until`` is NO_END without an end."""

    id: int
    unit_id: int
    unit: str
    person_id: int
    name: str
    phone: str
    relation: Relation
    basis: str
    valid_from: int
    valid_until: int
    proof: Proof
    consent: Consent | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class SlipLine:
    """A release slip in one line."""

    id: int
    slip_no: int | None
    kind: str
    state: str
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something that somebody must do soon: a sentence with ``%(name)s`` places and its values."""

    template: str
    params: dict[str, object]
    card_id: int | None = None
    occupant_id: int | None = None

    def __str__(self) -> str:
        return self.template % self.params


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """Everything the desk needs about a unit on one sheet. Occupants are those who have not left."""

    unit: UnitView
    occupants: list[OccupantView]
    cards: list[CardView]
    slips: list[SlipLine]
    due: list[DueItem] = field(default_factory=list)


# --- Units and people -----------------------------------------------------------------------------


def get_unit(conn: Connection, unit_id: int) -> UnitView:
    """One unit; raises NotFoundError."""
    row = conn.execute(select(units).where(units.c.id == unit_id)).first()
    if row is None:
        raise NotFoundError("There is no unit with the id %(id)s.", id=unit_id)
    return _unit(row)


def unit_by_code(conn: Connection, code: str) -> UnitView:
    """The unit with this code; raises NotFoundError."""
    row = conn.execute(select(units).where(units.c.code == code.strip())).first()
    if row is None:
        raise NotFoundError("There is no unit %(code)s.", code=code[:40])
    return _unit(row)


def find_units(conn: Connection, text: str = "", limit: int = 50, *, after: int = 0) -> list[UnitView]:
    """Units whose code begins with ``text``; all of them without."""
    query = select(units).where(units.c.id > after).order_by(units.c.id).limit(limit)
    if text.strip():
        query = query.where(units.c.code.startswith(text.strip(), autoescape=True))
    return [_unit(row) for row in conn.execute(query)]


def _unit(row: Row[Any]) -> UnitView:
    return UnitView(**{**row._asdict(), "areas": tuple(row.areas)})


def get_person(conn: Connection, person_id: int) -> PersonView:
    """One person; raises NotFoundError."""
    row = conn.execute(select(people).where(people.c.id == person_id)).first()
    if row is None:
        raise NotFoundError("There is no person with the id %(id)s.", id=person_id)
    return PersonView(row.id, row.name, row.phone, row.phone_tail, row.id_last4, row.rev)


# --- Occupants ------------------------------------------------------------------------------------


def _occupants() -> Select[Any]:
    return (
        select(occupants, people.c.name, people.c.phone, units.c.code.label("unit"))
        .join(people, people.c.id == occupants.c.person_id)
        .join(units, units.c.id == occupants.c.unit_id)
    )


def occupant_of(conn: Connection, occupant_id: int) -> OccupantView:
    """One tie between a person and a unit; raises NotFoundError."""
    row = conn.execute(_occupants().where(occupants.c.id == occupant_id)).first()
    if row is None:
        raise NotFoundError("There is no occupant with the id %(id)s.", id=occupant_id)
    return _occupant(row)


def homes_of(conn: Connection, person_id: int) -> list[OccupantView]:
    """All units someone belongs to now."""
    query = _occupants().where(occupants.c.person_id == person_id, occupants.c.ended_at.is_(None))
    return [_occupant(row) for row in conn.execute(query.order_by(occupants.c.id))]


def _occupant(row: Row[Any]) -> OccupantView:
    consent = None
    if row.consent is not None:
        consent = Consent(row.consent["by"], Proof(row.consent["method"]), row.consent["at"])
    return OccupantView(
        row.id, row.unit_id, row.unit, row.person_id, row.name, row.phone, Relation(row.relation), row.basis,
        row.valid_from, row.valid_until, Proof(row.proof), consent, row.ended_at,
    )  # fmt: skip


# --- The sheet ------------------------------------------------------------------------------------


def household(conn: Connection, unit_id: int, now: int | None = None) -> HouseholdView:
    """The sheet of a unit; what is due is worked out when ``now`` (unix seconds) is given."""
    unit = get_unit(conn, unit_id)
    query = _occupants().where(occupants.c.unit_id == unit_id, occupants.c.ended_at.is_(None))
    living = [_occupant(row) for row in conn.execute(query.order_by(occupants.c.id))]
    cards = [c for c in card_views.list_cards(conn, unit_id=unit_id, limit=500) if c.state in HELD]
    sheet = HouseholdView(unit, living, cards, _slips(conn, unit_id))
    if now is not None:
        sheet.due.extend(_due(conn, sheet, now))
    return sheet


def _slips(conn: Connection, unit_id: int) -> list[SlipLine]:
    s = slips.c
    query = select(s.id, s.slip_no, s.kind, s.state, s.created_at, s.expires_at).where(s.unit_id == unit_id)
    return [SlipLine(*row) for row in conn.execute(query.order_by(s.id.desc()).limit(20))]


def _due(conn: Connection, sheet: HouseholdView, now: int) -> list[DueItem]:
    soon = now + site.describe(conn).settings.remind_days * 86400
    due = [] if sheet.unit.handed_over_at is not None else [DueItem("The handover is not recorded yet.", {})]
    for occupant in sheet.occupants:
        due += _due_of_occupant(conn, sheet, occupant, now, soon)
    for card in sheet.cards:
        due += _due_of_card(conn, card, soon)
    if sheet.unit.arrears:
        due.append(DueItem("Fees are open. Talk to the household; cards and doors stay as they are.", {}))
    return due


def _due_of_occupant(
    conn: Connection, sheet: HouseholdView, occupant: OccupantView, now: int, soon: int
) -> list[DueItem]:
    due = []
    owners = {o.person_id for o in sheet.occupants if o.relation is Relation.OWNER}
    if occupant.relation in NEEDS_OWNER_CONSENT and (occupant.consent is None or occupant.consent.by not in owners):
        due.append(DueItem("Ask a present owner to agree to %(name)s.", {"name": occupant.name}, None, occupant.id))
    if occupant.valid_until < min(soon, NO_END):
        ends = day_of(conn, occupant.valid_until - 1)
        over = occupant.valid_until <= now
        sentence = "The lease of %(name)s ended on %(on)s." if over else "The lease of %(name)s ends on %(on)s."
        due.append(DueItem(sentence, {"name": occupant.name, "on": ends}, None, occupant.id))
    return due


def _due_of_card(conn: Connection, card: CardView, soon: int) -> list[DueItem]:
    if card.state is CardState.PROVISIONAL_LOST:
        since = day_of(conn, card.state_since)
        sentence = "Card %(number)s was reported lost on %(since)s; confirm it at the desk."
        return [DueItem(sentence, {"number": card.number, "since": since}, card.id)]
    if card.state is CardState.EXPIRED and card.valid_until is not None:
        ended = day_of(conn, card.valid_until - 1)
        sentence = "Card %(number)s ended on %(on)s. Renew it or take it back."
        return [DueItem(sentence, {"number": card.number, "on": ended}, card.id)]
    if card.state is CardState.ACTIVE and card.valid_until is not None and card.valid_until <= soon:
        ends = day_of(conn, card.valid_until - 1)
        return [DueItem("Card %(number)s ends on %(on)s. Renew it.", {"number": card.number, "on": ends}, card.id)]
    return []
