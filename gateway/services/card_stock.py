"""Cards in stock, and the numbers printed on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from gateway.domain.card import CardState
from gateway.domain.errors import ConflictError, MalformedError
from gateway.domain.issuance import check_uid
from gateway.services import card_views
from gateway.services.card_views import CardView
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, site


@dataclass(frozen=True, slots=True)
class Blank:
    """A card that comes into stock: the number printed on it, and its UID where it was read."""

    number: str
    uid: bytes | None = None
    kind: str = "uid"


def stock_in(uow: UnitOfWork, blanks: Sequence[Blank]) -> list[CardView]:
    """Blank cards come into stock; raises ConflictError for a number or UID that is known."""
    return [card_views.get(uow.conn, _stock_one(uow, blank)) for blank in blanks]


def _stock_one(uow: UnitOfWork, blank: Blank) -> int:
    number = check_number(uow.conn, blank.number)
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


def check_number(conn: Connection, number: str) -> str:
    """The number as it will be stored; raises MalformedError, or ConflictError when another card bears it."""
    wanted = number.strip()
    if not 1 <= len(wanted) <= 16:
        raise MalformedError("A card number has 1 to 16 characters.", fields={"number": "1 to 16 characters"})
    if conn.execute(select(cards.c.id).where(cards.c.number == wanted)).first() is not None:
        raise ConflictError(
            "There already is a card %(number)s. Use another number.", number=wanted, fields={"number": "taken"}
        )
    return wanted


def next_number(conn: Connection) -> str:
    """The lowest number above all ids, in four digits or more, that is not printed on a card yet."""
    conn.execute(select(site.c.id).with_for_update())  # two desks take turns at the next number
    number = (conn.execute(select(func.max(cards.c.id))).scalar() or 0) + 1
    while conn.execute(select(cards.c.id).where(cards.c.number == f"{number:04d}")).first() is not None:
        number += 1
    return f"{number:04d}"
