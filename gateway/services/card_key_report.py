"""Which cards carry keys of which version: how far a rotation is."""

from sqlalchemy import Connection, func, select

from gateway.domain.card import HELD
from gateway.services import card_views
from gateway.services.card_views import CardView
from gateway.services.encode_views import OPEN_STATES
from gateway.storage.tables import cards, encode_jobs

_HELD = [state.value for state in sorted(HELD)]


def count_by_version(conn: Connection) -> dict[int, int]:
    """How many held cards carry each key version; cards without keys are not counted."""
    c = cards.c
    query = (
        select(c.key_version, func.count())
        .where(c.key_version.is_not(None), c.state.in_(_HELD))
        .group_by(c.key_version)
        .order_by(c.key_version)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def cards_on_old(conn: Connection, current: int, *, after: int = 0, limit: int = 500) -> list[CardView]:
    """Held cards that carry keys of another version than the current, oldest first."""
    return card_views.with_other_keys(conn, current, after=after, limit=limit)


def open_work_with(conn: Connection, version: int) -> int:
    """How much work under way needs keys of this version: they must stay until it is done."""
    j = encode_jobs.c
    query = select(func.count()).where(j.key_version == version, j.state.in_(OPEN_STATES))
    return conn.execute(query).scalar_one()
