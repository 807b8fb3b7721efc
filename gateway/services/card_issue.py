"""Handing out cards: stock, issue and replacement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.domain.card import HELD, CardEvent, CardState, next_state
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.issuance import (
    check_consent,
    check_end,
    check_quota,
    check_receipt,
    check_uid,
    latest_end,
    local_date,
)
from gateway.domain.person import Proof, Relation
from gateway.services import card_views, projection, site
from gateway.services.card_changes import move
from gateway.services.card_views import CardView
from gateway.services.clockwork import day_of, zone_of
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, occupants, people, units
from gateway.storage.tables import site as site_table


@dataclass(frozen=True, slots=True)
class Blank:
    """A card that comes into stock: the number printed on it, and its UID where it was read."""

    number: str
    uid: bytes | None = None
    kind: str = "uid"


@dataclass(frozen=True, slots=True)
class _Handover:
    """What the desk is about to hand out."""

    uid: bytes
    number: str | None
    kind: str
    secure_number: bytes | None
    valid_until: int
    receipt: str | None
    waived_by: str | None
    replaces_id: int | None


# --- Stock ----------------------------------------------------------------------------------------


def stock_in(uow: UnitOfWork, blanks: Sequence[Blank]) -> list[CardView]:
    """Blank cards come into stock; raises ConflictError for a number or UID that is known."""
    return [card_views.get(uow.conn, _stock_one(uow, blank)) for blank in blanks]


def _stock_one(uow: UnitOfWork, blank: Blank) -> int:
    number = _check_number(uow.conn, blank.number)
    if blank.uid is not None:
        check_uid(blank.uid)
        known = card_views.by_uid(uow.conn, blank.uid)
        if known is not None:
            raise ConflictError("This card is known as %(number)s (%(state)s).", number=known.number, state=known.state)
    row = {"number": number, "uid": blank.uid, "kind": blank.kind, "state": CardState.BLANK.value}
    created = insert(cards).values(**row, state_since=uow.now).returning(cards.c.id)
    card_id: int = uow.conn.execute(created).scalar_one()
    uow.record("card.stock_in", f"card:{card_id}", {"number": number, "after": {"state": CardState.BLANK}})
    return card_id


def _check_number(conn: Connection, number: str) -> str:
    wanted = number.strip()
    if not 1 <= len(wanted) <= 16:
        raise MalformedError("A card number has 1 to 16 characters.", fields={"number": "1 to 16 characters"})
    if conn.execute(select(cards.c.id).where(cards.c.number == wanted)).first() is not None:
        raise ConflictError(
            "There already is a card %(number)s. Use another number.", number=wanted, fields={"number": "taken"}
        )
    return wanted


def _next_number(conn: Connection) -> str:
    """The lowest number above all ids, in four digits or more, that is not printed on a card yet."""
    conn.execute(select(site_table.c.id).with_for_update())  # two desks take turns at the next number
    number = (conn.execute(select(func.max(cards.c.id))).scalar() or 0) + 1
    while conn.execute(select(cards.c.id).where(cards.c.number == f"{number:04d}")).first() is not None:
        number += 1
    return f"{number:04d}"


# --- Issue ----------------------------------------------------------------------------------------


def issue(
    uow: UnitOfWork,
    keys: Keys,
    *,
    unit_id: int,
    person_id: int,
    uid: bytes,
    proof: Proof,
    number: str | None = None,
    kind: str = "uid",
    secure_number: bytes | None = None,
    receipt: str | None = None,
    waived: bool = False,
    beyond_quota: bool = False,
    valid_until: int | None = None,
    replaces_id: int | None = None,
) -> CardView:
    """Hands a card to someone of a household and opens their doors with it, in one transaction.

    ``uid`` was read from the card and read back by the encoder; ``number`` is printed on it (the
    next one is given without it). ``waived`` and ``beyond_quota`` need a supervisor's or manager's
    role; :func:`replace` sets ``replaces_id``. Raises RuleViolationError (R-CARD-1, 2, 3, 4, 8, 10, 12, 21)
    or ConflictError naming the holder.
    """
    unit = _handed_over_unit(uow.conn, unit_id)
    occupant = _occupant(uow, unit, person_id)
    settings = site.describe(uow.conn).settings
    held = held_in_unit(uow.conn, unit_id)
    if replaces_id is None:
        check_quota(held, settings.cards_per_unit, uow.actor.roles, approved=beyond_quota, unit=unit.code)
    check_receipt(receipt, uow.actor.roles, waived=waived)
    zone = zone_of(uow.conn)
    latest = latest_end(Relation(occupant.relation), occupant.valid_until, local_date(uow.now, zone), zone, settings)
    until = check_end(valid_until, latest, uow.now, zone)
    waived_by = None if receipt else uow.actor.id
    handover = _Handover(check_uid(uid), number, kind, secure_number, until, receipt, waived_by, replaces_id)
    card_id = _take_card(uow, handover, unit_id, person_id)
    over = held >= settings.cards_per_unit
    _record_issue(uow, card_id, {"unit": unit_id, "person": person_id, "proof": proof, "beyond_quota": over}, handover)
    projection.project_card(uow, keys, card_id)
    return card_views.get(uow.conn, card_id)


def held_in_unit(conn: Connection, unit_id: int) -> int:
    """How many cards count against a unit's quota."""
    counted = [state.value for state in HELD]
    query = select(func.count()).where(cards.c.unit_id == unit_id, cards.c.state.in_(counted))
    return conn.execute(query).scalar_one()


def _handed_over_unit(conn: Connection, unit_id: int) -> Row[Any]:
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


def _occupant(uow: UnitOfWork, unit: Row[Any], person_id: int) -> Row[Any]:
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
    agreed = consented_by_present_owner(uow.conn, unit.id, row.consent)
    check_consent(Relation(row.relation), agreed, name=person.name, unit=unit.code)
    return row


def consented_by_present_owner(conn: Connection, unit_id: int, consent: dict[str, Any] | None) -> bool:
    """Whether the one who agreed is an owner of the unit now; a former owner's word is not enough."""
    if consent is None:
        return False
    o = occupants.c
    query = select(o.id).where(
        o.unit_id == unit_id, o.person_id == consent["by"], o.relation == Relation.OWNER.value, o.ended_at.is_(None)
    )
    return conn.execute(query).first() is not None


def _take_card(uow: UnitOfWork, handover: _Handover, unit_id: int, person_id: int) -> int:
    """Writes the card as active; the unique index settles a race of two desks for one UID."""
    blank = _find_blank(uow.conn, handover)
    values = {
        "uid": handover.uid, "kind": handover.kind, "secure_number": handover.secure_number,
        "state": CardState.ACTIVE.value, "state_since": uow.now, "holder_id": person_id, "unit_id": unit_id,
        "valid_from": uow.now, "valid_until": handover.valid_until, "issued_at": uow.now,
        "receipt": handover.receipt, "waived_by": handover.waived_by, "replaces_id": handover.replaces_id,
    }  # fmt: skip
    try:
        with uow.conn.begin_nested():
            if blank is not None:
                return _activate_blank(uow.conn, blank, values)
            number = _check_number(uow.conn, handover.number) if handover.number else _next_number(uow.conn)
            created = insert(cards).values(**values, number=number).returning(cards.c.id)
            return int(uow.conn.execute(created).scalar_one())
    except IntegrityError:
        _refuse_known(uow.conn, handover.uid)
        if handover.number:
            _check_number(uow.conn, handover.number)
        raise


def _activate_blank(conn: Connection, blank: CardView, values: dict[str, Any]) -> int:
    """Reserved, written, read back and active: with a UID the card itself stays as it is (R-CARD-11)."""
    state = blank.state
    for event in (CardEvent.RESERVE, CardEvent.ENCODE, CardEvent.ACTIVATE):
        state = next_state(state, event, number=blank.number)
    conn.execute(update(cards).where(cards.c.id == blank.id).values(**values, rev=blank.rev + 1))
    return blank.id


def _find_blank(conn: Connection, handover: _Handover) -> CardView | None:
    """The card in stock that lies on the encoder; None when it comes in only now."""
    _refuse_known(conn, handover.uid)
    known = card_views.by_uid(conn, handover.uid)
    if known is None and handover.number:
        known = next(iter(card_views.list_cards(conn, number=handover.number, state=CardState.BLANK)), None)
        if known is not None and (known.number != handover.number.strip() or known.uid is not None):
            known = None
    if known is not None and handover.number and known.number != handover.number.strip():
        raise ConflictError(
            "The card on the encoder is %(number)s, not %(asked)s. Lay the right card on it.",
            number=known.number,
            asked=handover.number.strip(),
            fields={"number": "another card"},
        )
    return known


def _refuse_known(conn: Connection, uid: bytes) -> None:
    """A UID that someone holds (409, naming who and since when), or whose card was ended for good (R-CARD-21)."""
    known = card_views.by_uid(conn, uid)
    if known is None or known.state is CardState.BLANK:
        return
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


def _record_issue(uow: UnitOfWork, card_id: int, body: dict[str, object], handover: _Handover) -> None:
    after = {"state": CardState.ACTIVE, "valid_until": handover.valid_until, "uid": handover.uid.hex()}
    money = {"receipt": handover.receipt, "waived_by": handover.waived_by, "replaces": handover.replaces_id}
    uow.record("card.issue", f"card:{card_id}", {"before": None, "after": after, **body, **money})


# --- Replacement ----------------------------------------------------------------------------------


def replace(
    uow: UnitOfWork,
    keys: Keys,
    old_id: int,
    *,
    uid: bytes,
    proof: Proof,
    number: str | None = None,
    kind: str = "uid",
    secure_number: bytes | None = None,
    receipt: str | None = None,
    waived: bool = False,
) -> CardView:
    """A new card for one that is lost or defective; the old one ends first, so that never both open (R-CARD-16).

    A defective card is exchanged free of charge within a month of its issue (R-CARD-17).
    """
    old = card_views.get(uow.conn, old_id)
    if old.state not in {CardState.LOST, CardState.DEFECTIVE} or old.unit_id is None or old.holder_id is None:
        raise _not_replaceable(old)
    free = old.state is CardState.DEFECTIVE and _within_free_exchange(uow, old)
    move(uow, keys, old_id, CardEvent.EXCHANGE if old.state is CardState.DEFECTIVE else CardEvent.CANCEL)
    return issue(
        uow,
        keys,
        unit_id=old.unit_id,
        person_id=old.holder_id,
        uid=uid,
        proof=proof,
        number=number,
        kind=kind,
        secure_number=secure_number,
        receipt=receipt or ("exchange" if free else None),
        waived=waived,
        replaces_id=old_id,
    )


def _within_free_exchange(uow: UnitOfWork, old: CardView) -> bool:
    days = site.describe(uow.conn).settings.free_exchange_days
    return old.issued_at is not None and uow.now < old.issued_at + days * 86400


def _not_replaceable(old: CardView) -> RuleViolationError:
    if old.state is CardState.PROVISIONAL_LOST:
        return RuleViolationError(
            "R-CARD-13",
            "Card %(number)s is only suspended. See the holder's identity card and confirm the loss, then replace it.",
            number=old.number,
        )
    return RuleViolationError(
        "R-CARD-16",
        "Card %(number)s is %(state)s. Record it as lost or defective first; then it can be replaced.",
        number=old.number,
        state=old.state,
    )
