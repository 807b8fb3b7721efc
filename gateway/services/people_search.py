"""Who stands here: one field for name, unit, phone tail, card and plate."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from gateway.domain.card import HELD
from gateway.domain.errors import MalformedError
from gateway.domain.identity import normalise_plate
from gateway.storage.tables import cards, occupants, people, slips, units


class HitKind(StrEnum):
    """What matched."""

    UNIT = "unit"
    PERSON = "person"
    PHONE = "phone"
    CARD = "card"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Hit:
    """One household that matches. ``text`` is what matched: a name, a code, a card number, a plate."""

    kind: HitKind
    text: str
    unit_id: int | None
    unit: str | None
    person_id: int | None = None
    name: str | None = None
    card_id: int | None = None


def search(conn: Connection, text: str, limit: int = 20) -> list[Hit]:
    """Households by unit code, card number, last four digits of a phone, plate or name; best kinds first."""
    text = text.strip()
    if not text:
        return []
    hits = _units(conn, text, limit)
    if text.isascii():
        hits += _cards(conn, text, limit)
    if len(text) == 4 and text.isdigit():
        hits += _people(conn, text, limit, HitKind.PHONE)
    if not text.isdigit():
        hits += _plates(conn, text, limit)
        hits += _people(conn, text, limit, HitKind.PERSON)
    return hits[:limit]


def _units(conn: Connection, text: str, limit: int) -> list[Hit]:
    matches = units.c.code.startswith(text, autoescape=True)
    query = select(units.c.id, units.c.code).where(matches).order_by(units.c.id).limit(limit)
    return [Hit(HitKind.UNIT, row.code, row.id, row.code) for row in conn.execute(query)]


def _cards(conn: Connection, text: str, limit: int) -> list[Hit]:
    query = (
        select(cards.c.id, cards.c.number, cards.c.unit_id, units.c.code, cards.c.holder_id, people.c.name)
        .outerjoin(units, units.c.id == cards.c.unit_id)
        .outerjoin(people, people.c.id == cards.c.holder_id)
        .where(cards.c.number.startswith(text, autoescape=True), cards.c.state.in_([s.value for s in HELD]))
        .order_by(cards.c.id)
        .limit(limit)
    )
    return [
        Hit(HitKind.CARD, row.number, row.unit_id, row.code, row.holder_id, row.name, row.id)
        for row in conn.execute(query)
    ]


def _people(conn: Connection, text: str, limit: int, kind: HitKind) -> list[Hit]:
    by_tail = people.c.phone_tail == text
    by_name = people.c.name.contains(text, autoescape=True)
    query = (
        select(people.c.id, people.c.name, occupants.c.unit_id, units.c.code)
        .join(occupants, occupants.c.person_id == people.c.id)
        .join(units, units.c.id == occupants.c.unit_id)
        .where(by_tail if kind is HitKind.PHONE else by_name, occupants.c.ended_at.is_(None))
        .order_by(people.c.name, people.c.id, units.c.id)
        .limit(limit)
    )
    return [Hit(kind, row.name, row.unit_id, row.code, row.id, row.name) for row in conn.execute(query)]


def _plates(conn: Connection, text: str, limit: int) -> list[Hit]:
    try:
        plate = normalise_plate(text)
    except MalformedError:
        return []
    query = (
        select(slips.c.plate, slips.c.unit_id, units.c.code)
        .join(units, units.c.id == slips.c.unit_id)
        .where(slips.c.plate == plate)
        .distinct()
        .limit(limit)
    )
    return [Hit(HitKind.PLATE, row.plate, row.unit_id, row.code) for row in conn.execute(query)]
