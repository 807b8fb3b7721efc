"""Reading slips, their lines and their movements from the store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from gateway.domain.errors import NotFoundError
from gateway.domain.slip import ConsentMethod, SlipKind, SlipState, standing_of
from gateway.domain.slip_consent import Consent
from gateway.services.slip_views import LineView, MovementView, Review, SlipView, Taken
from gateway.storage.tables import posts, slip_items, slip_movements, slip_rights, slips, units

_Row = Row[Any]


def query() -> Select[Any]:
    """All slips with the code of their unit; narrow it with ``where``."""
    return select(slips, units.c.code.label("unit")).join(units, units.c.id == slips.c.unit_id)


def load(conn: Connection, slip_id: int, *, now: int) -> SlipView:
    """One slip, or NotFoundError."""
    found = views(conn, query().where(slips.c.id == slip_id), now=now)
    if not found:
        raise NotFoundError("There is no slip with the id %(id)s.", id=slip_id)
    return found[0]


def by_number(conn: Connection, slip_no: int, *, now: int) -> SlipView | None:
    """The slip with that number, if one was issued."""
    found = views(conn, query().where(slips.c.slip_no == slip_no), now=now)
    return found[0] if found else None


def views(conn: Connection, narrowed: Select[Any], *, now: int) -> list[SlipView]:
    """The slips that a narrowed :func:`query` finds, in three statements however many they are."""
    rows = conn.execute(narrowed).all()
    lines = _lines(conn, [row.id for row in rows])
    return [_view(row, lines[row.id], now) for row in rows]


def movements(conn: Connection, slip_id: int, kind: str | None = None) -> tuple[MovementView, ...]:
    """What happened to a slip at the posts, oldest first."""
    wanted = _movements().where(slip_movements.c.slip_id == slip_id).order_by(slip_movements.c.id)
    if kind is not None:
        wanted = wanted.where(slip_movements.c.kind == kind)
    return tuple(_movement(row) for row in conn.execute(wanted))


def after_movement(conn: Connection, movement_id: int) -> tuple[SlipView, tuple[MovementView, ...], MovementView]:
    """A release with its slip, and the releases up to and including it."""
    row = conn.execute(_movements().where(slip_movements.c.id == movement_id)).one()
    so_far = _movements().where(
        slip_movements.c.slip_id == row.slip_id,
        slip_movements.c.kind == row.kind,
        slip_movements.c.id <= movement_id,
    )
    story = tuple(_movement(each) for each in conn.execute(so_far.order_by(slip_movements.c.id)))
    return load(conn, row.slip_id, now=row.at), story, story[-1]


def _movements() -> Select[Any]:
    names = posts.c.name.label("post_name")
    return select(slip_movements, names).outerjoin(posts, posts.c.id == slip_movements.c.post)


def _lines(conn: Connection, ids: Sequence[int]) -> Mapping[int, tuple[LineView, ...]]:
    released = (
        select(slip_rights.c.slip_id, slip_rights.c.line, func.sum(slip_rights.c.released).label("released"))
        .where(slip_rights.c.slip_id.in_(ids))
        .group_by(slip_rights.c.slip_id, slip_rights.c.line)
        .subquery()
    )
    here = (released.c.slip_id == slip_items.c.slip_id) & (released.c.line == slip_items.c.line)
    found = conn.execute(
        select(slip_items, func.coalesce(released.c.released, 0).label("released"))
        .outerjoin(released, here)
        .where(slip_items.c.slip_id.in_(ids))
        .order_by(slip_items.c.slip_id, slip_items.c.line)
    )
    return _grouped(found)


def _grouped(found: Iterable[_Row]) -> Mapping[int, tuple[LineView, ...]]:
    lines: defaultdict[int, tuple[LineView, ...]] = defaultdict(tuple)
    for row in found:
        line = LineView(row.line, row.name, row.qty, row.unit, row.serial, int(row.released))
        lines[row.slip_id] += (line,)
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
