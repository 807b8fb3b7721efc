"""Cards as desks, pages and gates see them; nothing here changes anything."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, or_, select

from gateway.domain.card import HELD, CardEvent, CardState, events_from
from gateway.domain.card_data import CLONABLE
from gateway.domain.errors import NotFoundError
from gateway.domain.identity import Identity, IdentityKind
from gateway.services import records
from gateway.services.records import RecordView
from gateway.storage.tables import cards, people, units


@dataclass(frozen=True, slots=True)
class CardView:
    """One card. Times are unix seconds; ``holder`` and ``unit`` are the name and the code behind the ids."""

    id: int
    number: str
    uid: bytes | None
    secure_number: bytes | None
    kind: str
    state: CardState
    state_since: int
    holder_id: int | None
    holder: str | None
    unit_id: int | None
    unit: str | None
    ledger: str
    valid_from: int | None
    valid_until: int | None
    issued_at: int | None
    receipt: str | None
    waived_by: str | None
    replaces_id: int | None
    rev: int
    key_version: int | None

    @property
    def clonable(self) -> bool:
        """Whether a phone shop copies it in a minute: such cards are reported weekly."""
        return self.kind in CLONABLE

    @property
    def actions(self) -> list[CardEvent]:
        """What can be done with it in its state."""
        return events_from(self.state)

    @property
    def credential(self) -> str:
        """How lists and the journal name it."""
        return f"card:{self.id}"


def _query() -> Select[Any]:
    return (
        select(cards, people.c.name.label("holder"), units.c.code.label("unit"))
        .outerjoin(people, people.c.id == cards.c.holder_id)
        .outerjoin(units, units.c.id == cards.c.unit_id)
    )


def _view(row: Row[Any]) -> CardView:
    known = row._asdict()
    known["state"] = CardState(row.state)
    for column in ("uid", "secure_number"):
        known[column] = None if known[column] is None else bytes(known[column])
    return CardView(**known)


def get(conn: Connection, card_id: int) -> CardView:
    """One card; raises NotFoundError."""
    row = conn.execute(_query().where(cards.c.id == card_id)).first()
    if row is None:
        raise NotFoundError("There is no card with the id %(id)s.", id=card_id)
    return _view(row)


def by_number(conn: Connection, number: str) -> CardView:
    """The card with this printed number; raises NotFoundError."""
    row = conn.execute(_query().where(cards.c.number == number.strip())).first()
    if row is None:
        raise NotFoundError("There is no card %(number)s.", number=number[:40])
    return _view(row)


# A card someone holds comes before blanks and cancelled ones of the same number.
_HELD_FIRST = case((cards.c.state.in_([state.value for state in HELD]), 0), else_=1)


def by_uid(conn: Connection, uid: bytes) -> CardView | None:
    """Whose card lies on the encoder: the one that is held, or else the last one known by this UID."""
    query = _query().where(cards.c.uid == uid).order_by(_HELD_FIRST, cards.c.id.desc()).limit(1)
    row = conn.execute(query).first()
    return None if row is None else _view(row)


def list_cards(
    conn: Connection,
    *,
    after: int = 0,
    limit: int = 100,
    state: CardState | None = None,
    unit_id: int | None = None,
    holder_id: int | None = None,
    number: str | None = None,
) -> list[CardView]:
    """Cards with an id above ``after``, oldest first; ``number`` matches the beginning of the printed one."""
    query = _query().where(cards.c.id > after).order_by(cards.c.id).limit(limit)
    if state is not None:
        query = query.where(cards.c.state == state.value)
    if unit_id is not None:
        query = query.where(cards.c.unit_id == unit_id)
    if holder_id is not None:
        query = query.where(cards.c.holder_id == holder_id)
    if number:
        query = query.where(cards.c.number.startswith(number.strip(), autoescape=True))
    return [_view(row) for row in conn.execute(query)]


def with_other_keys(conn: Connection, key_version: int, *, after: int = 0, limit: int = 500) -> list[CardView]:
    """Held cards above ``after`` that carry keys, but not of this version."""
    held = cards.c.state.in_([state.value for state in HELD])
    query = _query().where(cards.c.id > after, cards.c.key_version != key_version, held)
    return [_view(row) for row in conn.execute(query.order_by(cards.c.id).limit(limit))]


def story(conn: Connection, card_id: int, limit: int = 200, *, after: int = 0) -> list[RecordView]:
    """What was done with a card after record ``after``, oldest first; raises NotFoundError."""
    get(conn, card_id)
    return records.find(conn, target=f"card:{card_id}", after=after, limit=limit)


# --- From what a reader saw back to the card ------------------------------------------------------


def by_identity(conn: Connection, identity: Identity) -> CardView | None:
    """The card behind what a reader saw, whether it is on any list or not.

    A Wiegand number is only part of a UID and may fit several cards: one that may not pass (lost,
    cancelled …) is told first, for that is the one to look at. None when no card fits.
    """
    fits = _fits(identity)
    if fits is None:
        return None
    passes = case((cards.c.state == CardState.ACTIVE.value, 1), (cards.c.state == CardState.BLANK.value, 2), else_=0)
    row = conn.execute(_query().where(fits).order_by(passes, cards.c.id.desc()).limit(1)).first()
    return None if row is None else _view(row)


def secured(conn: Connection, identity: Identity) -> list[CardView]:
    """Active cards that have a number of their own, and this UID or the number some readers make of it."""
    fits = None if identity.kind is IdentityKind.SECURE else _fits(identity)
    if fits is None:
        return []
    having = and_(cards.c.state == CardState.ACTIVE.value, cards.c.secure_number.is_not(None))
    return [_view(row) for row in conn.execute(_query().where(fits, having).order_by(cards.c.id))]


def _fits(identity: Identity) -> Any:
    if identity.kind is IdentityKind.UID:
        return cards.c.uid == identity.value
    if identity.kind is IdentityKind.SECURE:
        return cards.c.secure_number == identity.value
    if identity.kind is IdentityKind.WIEGAND and identity.value[0] in {24, 32}:
        read = identity.value[1:]
        return or_(_begins(read), _begins(read[::-1]))
    return None


def _begins(prefix: bytes) -> Any:
    """UIDs that begin with these bytes, by the index: from the prefix up to the next one of its length."""
    following = int.from_bytes(prefix) + 1
    starts = cards.c.uid >= prefix
    return starts if following >> 8 * len(prefix) else and_(starts, cards.c.uid < following.to_bytes(len(prefix)))
