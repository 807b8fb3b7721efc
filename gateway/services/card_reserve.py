"""Whether someone may have a card, and taking the card for them: settled in the database, for all desks at once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, not_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.domain.card import HELD, CardEvent, CardState, next_state
from gateway.domain.errors import ConflictError, NotFoundError, RuleViolationError
from gateway.domain.issuance import (
    APPROVERS,
    check_consent,
    check_end,
    check_quota,
    check_receipt,
    check_uid,
    latest_end,
    local_date,
)
from gateway.domain.person import Proof, Relation
from gateway.services import card_views, encode_views, site
from gateway.services.card_stock import check_number, next_number
from gateway.services.card_views import CardView
from gateway.services.clockwork import day_of, zone_of
from gateway.storage.store import Actor, UnitOfWork
from gateway.storage.tables import cards, encode_jobs, occupants, people, units


@dataclass(frozen=True, slots=True)
class Handover:
    """What the desk is about to hand out. ``uid`` is None while it is not known which card it will be."""

    unit_id: int
    person_id: int
    proof: Proof
    uid: bytes | None = None
    number: str | None = None
    kind: str = "uid"
    secure_number: bytes | None = None
    receipt: str | None = None
    waived: bool = False
    beyond_quota: bool = False
    valid_until: int | None = None
    replaces_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of a handover that may be. ``valid_until``: unix seconds."""

    relation: Relation
    valid_until: int
    waived_by: str | None
    beyond_quota: bool
    unit: str
    holder: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The card that was taken, and the row it was in stock; None when it came in only now."""

    card_id: int
    blank: CardView | None


# --- The rules ------------------------------------------------------------------------------------


def judge(uow: UnitOfWork, handover: Handover, by: Actor, *, promised: int = 0) -> Ruling:
    """Raises RuleViolationError (R-CARD-1, 2, 3, 4, 8, 10). Locks the unit, so that two desks take turns at its quota.

    ``by`` approved what needs approval; ``promised`` cards of the unit are not taken yet, but count.
    """
    unit = handed_over_unit(uow.conn, handover.unit_id)
    occupant, holder = occupant_of(uow, unit, handover.person_id)
    settings = site.describe(uow.conn).settings
    held = held_in_unit(uow.conn, handover.unit_id) + promised
    if handover.replaces_id is None:
        _check_place(uow.conn, unit, held, settings.cards_per_unit, by, approved=handover.beyond_quota)
    check_receipt(handover.receipt, by.roles, waived=handover.waived)
    zone, relation = zone_of(uow.conn), Relation(occupant.relation)
    latest = latest_end(relation, occupant.valid_until, local_date(uow.now, zone), zone, settings)
    until = check_end(handover.valid_until, latest, uow.now, zone)
    waived_by = None if handover.receipt else by.id
    return Ruling(relation, until, waived_by, held >= settings.cards_per_unit, unit.code, holder)


def _check_place(conn: Connection, unit: Row[Any], held: int, quota: int, by: Actor, *, approved: bool) -> None:
    """The quota; a place that another desk took a moment ago is named (R-CARD-8)."""
    if held >= quota and not (approved and APPROVERS.intersection(by.roles)):
        job = _being_written(conn, unit.id)
        if job is not None:
            raise RuleViolationError(
                "R-CARD-8",
                "%(unit)s already holds %(held)s of %(quota)s cards; one is being written for %(holder)s by %(who)s. "
                "Take one back, or ask a supervisor to approve one more.",
                unit=unit.code,
                held=held,
                quota=quota,
                holder=job.holder,
                who=job.created_by,
            )
    check_quota(held, quota, by.roles, approved=approved, unit=unit.code)


def _being_written(conn: Connection, unit_id: int) -> encode_views.JobView | None:
    query = (
        select(cards.c.id)
        .join(encode_jobs, encode_jobs.c.card_id == cards.c.id)
        .where(cards.c.unit_id == unit_id, cards.c.state == CardState.RESERVED.value)
        .order_by(encode_jobs.c.created_at.desc())
        .limit(1)
    )
    card_id = conn.execute(query).scalar()
    return None if card_id is None else encode_views.open_for_card(conn, card_id)


def held_in_unit(conn: Connection, unit_id: int) -> int:
    """How many cards count against a unit's quota; one that is being written in place of another counts once."""
    counted = cards.c.state.in_([state.value for state in HELD])
    query = select(func.count()).where(cards.c.unit_id == unit_id, counted, not_(_in_place_of_another()))
    return conn.execute(query).scalar_one()


def _in_place_of_another() -> ColumnElement[bool]:
    return and_(cards.c.state == CardState.RESERVED.value, cards.c.replaces_id.is_not(None))


def handed_over_unit(conn: Connection, unit_id: int) -> Row[Any]:
    """The unit, locked until the end of the transaction. R-CARD-1."""
    row = conn.execute(select(units).where(units.c.id == unit_id).with_for_update()).first()
    if row is None:
        raise NotFoundError("There is no unit with the id %(id)s.", id=unit_id)
    if row.handed_over_at is None:
        raise RuleViolationError(
            "R-CARD-1",
            "%(unit)s has not been handed over yet. Record the handover first, then issue the card.",
            unit=row.code,
        )
    return row


def occupant_of(uow: UnitOfWork, unit: Row[Any], person_id: int) -> tuple[Row[Any], str]:
    """Why someone belongs to a unit, and their name; locks the person. R-CARD-2, R-CARD-4."""
    person = uow.conn.execute(select(people.c.name).where(people.c.id == person_id).with_for_update()).first()
    if person is None:
        raise NotFoundError("There is no person with the id %(id)s.", id=person_id)
    o = occupants.c
    row = uow.conn.execute(
        select(occupants)
        .where(o.unit_id == unit.id, o.person_id == person_id, o.ended_at.is_(None), o.valid_until > uow.now)
        .order_by(o.valid_until.desc())
    ).first()
    if row is None:
        raise RuleViolationError(
            "R-CARD-2",
            "%(name)s is not on file for %(unit)s. Call the owner, then add them to the household.",
            name=person.name,
            unit=unit.code,
        )
    agreed = _consented_by_present_owner(uow.conn, unit.id, row.consent)
    check_consent(Relation(row.relation), agreed, name=person.name, unit=unit.code)
    return row, person.name


def _consented_by_present_owner(conn: Connection, unit_id: int, consent: dict[str, Any] | None) -> bool:
    """Whether the one who agreed is an owner of the unit now; a former owner's word is not enough."""
    if consent is None:
        return False
    o = occupants.c
    query = select(o.id).where(
        o.unit_id == unit_id, o.person_id == consent["by"], o.relation == Relation.OWNER.value, o.ended_at.is_(None)
    )
    return conn.execute(query).first() is not None


# --- Taking the card ------------------------------------------------------------------------------


def take_card(uow: UnitOfWork, handover: Handover, ruling: Ruling, state: CardState) -> Taken:
    """Writes the card as ACTIVE or RESERVED; a race of two desks for one card is settled in the database.

    Raises ConflictError naming the holder (R-CARD-12), RuleViolationError for a card that was ended (R-CARD-21).
    """
    uid = check_uid(handover.uid or b"")
    blank = _find_blank(uow.conn, uid, handover.number)
    values = {
        "uid": uid, "kind": handover.kind, "secure_number": handover.secure_number,
        "state": state.value, "state_since": uow.now, "holder_id": handover.person_id, "unit_id": handover.unit_id,
        "valid_until": ruling.valid_until, "receipt": handover.receipt, "waived_by": ruling.waived_by,
        "replaces_id": handover.replaces_id,
    }  # fmt: skip
    if state is CardState.ACTIVE:
        values |= {"valid_from": uow.now, "issued_at": uow.now}
    try:
        with uow.conn.begin_nested():
            return Taken(_write(uow.conn, blank, handover.number, values), blank)
    except IntegrityError:
        refuse_known(uow.conn, uid)
        if handover.number:
            check_number(uow.conn, handover.number)
        raise


def _write(conn: Connection, blank: CardView | None, number: str | None, values: dict[str, Any]) -> int:
    if blank is not None:
        _check_path(blank, CardState(values["state"]))
        there = (cards.c.id == blank.id, cards.c.state == CardState.BLANK.value)
        if conn.execute(update(cards).where(*there).values(**values, rev=blank.rev + 1)).rowcount == 0:
            refuse_known(conn, values["uid"])  # another desk took it between our look and now
            check_number(conn, blank.number)
        return blank.id
    printed = check_number(conn, number) if number else next_number(conn)
    return int(conn.execute(insert(cards).values(**values, number=printed).returning(cards.c.id)).scalar_one())


def _check_path(blank: CardView, state: CardState) -> None:
    """Reserved, written, read back and active: with a UID the card itself stays as it is (R-CARD-11)."""
    reached = next_state(blank.state, CardEvent.RESERVE, number=blank.number)
    if state is CardState.ACTIVE:
        for event in (CardEvent.ENCODE, CardEvent.ACTIVATE):
            reached = next_state(reached, event, number=blank.number)


def _find_blank(conn: Connection, uid: bytes, number: str | None) -> CardView | None:
    """The card in stock that lies on the encoder; None when it comes in only now."""
    known = refuse_known(conn, uid)
    if known is None and number:
        known = next(iter(card_views.list_cards(conn, number=number, state=CardState.BLANK)), None)
        if known is not None and (known.number != number.strip() or known.uid is not None):
            known = None
    if known is not None and number and known.number != number.strip():
        raise ConflictError(
            "The card on the encoder is %(number)s, not %(asked)s. Lay the right card on it.",
            number=known.number,
            asked=number.strip(),
            fields={"number": "another card"},
        )
    return known


def refuse_known(conn: Connection, uid: bytes) -> CardView | None:
    """The card in stock with this UID, if there is one.

    Raises ConflictError for a UID that someone holds, naming who and since when, and RuleViolationError for one whose
    card was ended for good (R-CARD-21).
    """
    known = card_views.by_uid(conn, uid)
    if known is None or known.state is CardState.BLANK:
        return known
    job = encode_views.open_for_card(conn, known.id) if known.state is CardState.RESERVED else None
    if job is not None:
        raise encode_views.under_way(job)
    if known.state in HELD:
        raise ConflictError(
            "Card %(number)s already belongs to %(holder)s, %(unit)s, since %(since)s. "
            "Return or cancel it there first.",
            number=known.number,
            holder=known.holder,
            unit=known.unit,
            since=day_of(conn, known.issued_at or known.state_since),
            rule="R-CARD-12",
            fields={"uid": "belongs to someone"},
        )
    raise RuleViolationError(
        "R-CARD-21",
        "Card %(number)s is %(state)s since %(since)s. Take it back into stock first, or use another card.",
        number=known.number,
        state=known.state,
        since=day_of(conn, known.state_since),
        fields={"uid": "ended for good"},
    )
