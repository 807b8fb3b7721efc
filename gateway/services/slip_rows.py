"""Reading slips, their lines and their movements from the store."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, select

from gateway.domain.errors import NotFoundError
from gateway.domain.slip import ConsentMethod, SlipKind, SlipState, standing_of
from gateway.domain.slip_consent import Consent
from gateway.services.slip_views import LineView, MovementView, Review, SlipView, Taken
from gateway.storage.tables import posts, slip_items, slip_movements, slip_rights, slips, units

_Row = Row[Any]

# Built once: these run several times for every slip that is looked at.
_SLIPS: Final = select(slips, units.c.code.label("unit")).join(units, units.c.id == slips.c.unit_id)
_BY_ID: Final = _SLIPS.where(slips.c.id == bindparam("id"))
_BY_NUMBER: Final = _SLIPS.where(slips.c.slip_no == bindparam("number"))
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_ITEMS: Final = (
    select(slip_items).where(slip_items.c.slip_id.in_(_IDS)).order_by(slip_items.c.slip_id, slip_items.c.line)
)
_RELEASED: Final = select(slip_rights.c.slip_id, slip_rights.c.line, slip_rights.c.released).where(
    slip_rights.c.slip_id.in_(_IDS)
)
_MOVEMENTS: Final = (
    select(slip_movements, posts.c.name.label("post_name"))
    .outerjoin(posts, posts.c.id == slip_movements.c.post)
    .order_by(slip_movements.c.id)
)
_STORY: Final = _MOVEMENTS.where(slip_movements.c.slip_id == bindparam("slip"))


def query() -> Select[Any]:
    """All slips with the code of their unit; narrow it with ``where``."""
    return _SLIPS


def load(conn: Connection, slip_id: int, *, now: int) -> SlipView:
    """One slip, or NotFoundError."""
    row = conn.execute(_BY_ID, {"id": slip_id}).first()
    if row is None:
        raise NotFoundError("There is no slip with the id %(id)s.", id=slip_id)
    return _view(row, _lines(conn, [slip_id])[slip_id], now)


def by_number(conn: Connection, slip_no: int, *, now: int) -> SlipView | None:
    """The slip with that number, if one was issued."""
    rows = conn.execute(_BY_NUMBER, {"number": slip_no}).all()
    return _view(rows[0], _lines(conn, [rows[0].id])[rows[0].id], now) if rows else None


def views(conn: Connection, narrowed: Select[Any], *, now: int) -> list[SlipView]:
    """The slips that a narrowed :func:`query` finds, in three statements however many they are."""
    rows = conn.execute(narrowed).all()
    lines = _lines(conn, [row.id for row in rows])
    return [_view(row, lines[row.id], now) for row in rows]


def movements(conn: Connection, slip_id: int, kind: str | None = None) -> tuple[MovementView, ...]:
    """What happened to a slip at the posts, oldest first."""
    rows = conn.execute(_STORY, {"slip": slip_id})
    return tuple(_movement(row) for row in rows if kind in {None, row.kind})


def until_movement(conn: Connection, slip_id: int, movement_id: int) -> tuple[MovementView, ...]:
    """The releases of a slip up to and including this one."""
    rows = conn.execute(_STORY, {"slip": slip_id})
    return tuple(_movement(row) for row in rows if row.kind == "release" and row.id <= movement_id)


def _lines(conn: Connection, ids: Sequence[int]) -> Mapping[int, tuple[LineView, ...]]:
    released: Counter[tuple[int, int]] = Counter()
    for slip_id, line, count in conn.execute(_RELEASED, {"ids": ids}):
        released[slip_id, line] += count
    lines: defaultdict[int, tuple[LineView, ...]] = defaultdict(tuple)
    for row in conn.execute(_ITEMS, {"ids": ids}):
        left = released[row.slip_id, row.line]
        lines[row.slip_id] += (LineView(row.line, row.name, row.qty, row.unit, row.serial, left),)
    return lines


def _view(row: _Row, lines: tuple[LineView, ...], now: int) -> SlipView:
    state = SlipState(row.state)
    expired = row.expires_at is not None and now >= row.expires_at
    total, released = sum(line.qty for line in lines), sum(line.released for line in lines)
    return SlipView(
        id=row.id,
        slip_no=row.slip_no,
        rev=row.rev,
        kind=SlipKind(row.kind),
        state=state,
        standing=standing_of(state, total=total, released=released, expired=expired),
        unit_id=row.unit_id,
        unit=row.unit,
        applicant_id=row.applicant_id,
        applicant=row.applicant,
        plate=row.plate,
        post=row.post,
        posts=tuple(row.posts),
        several_trips=row.several_trips,
        consent=_consent(row.consent),
        review=None if row.review is None else Review(**row.review),
        arrears=row.arrears,
        created_at=row.created_at,
        created_by=row.created_by,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        token=row.token,
        remarks=row.remarks,
        lines=lines,
    )


def _consent(stored: Mapping[str, Any] | None) -> Consent | None:
    return None if stored is None else Consent(**{**stored, "method": ConsentMethod(stored["method"])})


def _movement(row: _Row) -> MovementView:
    return MovementView(
        release_id=row.release_id,
        kind=row.kind,
        slip_no=row.slip_no,
        post=row.post,
        post_name=row.post_name or row.post,
        at=row.at,
        guard=row.guard,
        plate_seen=row.plate_seen,
        lines=tuple(Taken(**taken) for taken in row.lines),
        mode=row.mode,
        detail=row.detail or {},
    )
