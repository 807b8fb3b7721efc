"""A list of cards for one day: all of it is checked before the first card lies down, then one card after the other."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from gateway.domain.card import CardState
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.errors import ConflictError, GatehouseError, MalformedError, NotFoundError
from gateway.domain.person import Proof
from gateway.services import encode_views
from gateway.services.card_reserve import judge
from gateway.services.card_stock import check_number
from gateway.services.encode_ends import close_when_done
from gateway.services.encode_layout import Random, handover_of
from gateway.services.encode_orders import Order
from gateway.services.encode_views import JobView, lock
from gateway.services.encode_work import LEFT, refuse_leased, store
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, encode_batches, encode_jobs, occupants, people, units

MOST_ROWS: Final = 500


class BatchRefusedError(MalformedError):
    """Some rows cannot be issued, so none was planned. ``rows``: what is wrong with which row, counted from 0."""

    def __init__(self, rows: Mapping[int, GatehouseError], total: int) -> None:
        super().__init__(
            "%(wrong)s of %(total)s rows cannot be issued, so nothing was planned. Correct them, or leave them out.",
            fields={f"rows.{row}": str(error) for row, error in rows.items()},
            wrong=len(rows),
            total=total,
        )
        self.rows = dict(rows)


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch and how far it is. Times are unix seconds; ``counts`` says how many rows are in which state."""

    id: str
    name: str
    created_by: str
    created_at: int
    closed_at: int | None
    counts: Mapping[JobState, int]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def issued(self) -> int:
        """Cards that open doors."""
        return self.counts.get(JobState.ACTIVE, 0)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Row by row, in the order of the list."""

    batch: BatchView
    jobs: Sequence[JobView]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One card of a list: ``unit`` is a code, ``person`` the name of someone on file there, or their id.

    The rest as in Order.
    """

    unit: str
    person: str | int
    proof: Proof
    number: str | None = None
    receipt: str | None = None
    waived: bool = False
    beyond_quota: bool = False
    valid_until: int | None = None


# --- Before the day -------------------------------------------------------------------------------


def plan_batch(uow: UnitOfWork, name: str, rows: Sequence[BatchRow], random: Random = os.urandom) -> BatchView:
    """All rows or none; nothing is reserved until its card lies down.

    Raises BatchRefusedError with an error for each bad row. What the planner may approve stays approved.
    """
    title = name.strip()
    if not 1 <= len(title) <= 80:
        raise MalformedError("A batch has a name of 1 to 80 characters.", fields={"name": "1 to 80 characters"})
    if not 1 <= len(rows) <= MOST_ROWS:
        raise MalformedError("A batch has 1 to %(most)s rows.", most=MOST_ROWS, fields={"rows": f"1 to {MOST_ROWS}"})
    orders = _orders(uow, rows)
    batch_id = random(16).hex()
    values = {"id": batch_id, "name": title, "created_by": uow.actor.name, "created_at": uow.now}
    uow.conn.execute(insert(encode_batches).values(values))
    jobs = [_job(uow, batch_id, position, order, random) for position, order in enumerate(orders)]
    uow.conn.execute(insert(encode_jobs), jobs)
    uow.record("encode.batch_planned", f"encode_batch:{batch_id}", {"name": title, "rows": len(rows)})
    return get_batch(uow.conn, batch_id)


def _orders(uow: UnitOfWork, rows: Sequence[BatchRow]) -> list[Order]:
    promised: Counter[int] = Counter()
    numbers: set[str] = set()
    orders: list[Order] = []
    wrong: dict[int, GatehouseError] = {}
    for position, row in enumerate(rows):
        try:
            orders.append(_checked(uow, row, promised, numbers))
        except GatehouseError as error:
            wrong[position] = error
    if wrong:
        raise BatchRefusedError(wrong, len(rows))
    return orders


def _checked(uow: UnitOfWork, row: BatchRow, promised: Counter[int], numbers: set[str]) -> Order:
    unit_id, person_id = _resolve(uow.conn, row)
    order = Order(
        JobKind.ISSUE, unit_id, person_id, row.proof, row.number, row.receipt, row.waived, row.beyond_quota,
        row.valid_until,
    )  # fmt: skip
    judge(uow, handover_of(uow, order), uow.actor, promised=promised[unit_id])
    if row.number is not None:
        _check_printed(uow.conn, row.number.strip(), numbers)
    promised[unit_id] += 1
    return order


def _resolve(conn: Connection, row: BatchRow) -> tuple[int, int]:
    """Unit and person by their ids."""
    unit_id = conn.execute(select(units.c.id).where(units.c.code == row.unit.strip())).scalar()
    if unit_id is None:
        raise NotFoundError("There is no unit %(code)s.", code=row.unit[:40])
    if isinstance(row.person, int):
        return unit_id, row.person
    o = occupants.c
    query = (
        select(people.c.id)
        .join(occupants, o.person_id == people.c.id)
        .where(o.unit_id == unit_id, o.ended_at.is_(None), people.c.name == row.person.strip())
        .distinct()
    )
    found = conn.execute(query).scalars().all()
    if len(found) != 1:
        raise NotFoundError(
            "%(count)s people of the name %(name)s are on file for %(unit)s. Choose the person in the household.",
            count=len(found),
            name=row.person[:40],
            unit=row.unit,
        )
    return unit_id, found[0]


def _check_printed(conn: Connection, number: str, numbers: set[str]) -> None:
    """A number that is in stock, or on no card yet; and on one row only."""
    c = cards.c
    blank = select(c.id).where(c.number == number, c.state == CardState.BLANK.value)
    if number not in numbers and conn.execute(blank).first() is None:
        check_number(conn, number)
    elif number in numbers:
        raise ConflictError(
            "There already is a card %(number)s. Use another number.", number=number, fields={"number": "taken"}
        )
    numbers.add(number)


def _job(uow: UnitOfWork, batch_id: str, position: int, order: Order, random: Random) -> dict[str, Any]:
    by = {"id": uow.actor.id, "roles": sorted(role.value for role in uow.actor.roles)}
    return {
        "id": random(16).hex(), "what": order.what.value, "state": JobState.PLANNED.value, "batch_id": batch_id,
        "position": position, "wanted": {"order": order.as_json(), "by": by, "blank": None},
        "created_by": uow.actor.name, "created_at": uow.now, "updated_at": uow.now,
    }  # fmt: skip


# --- On the day -----------------------------------------------------------------------------------


def next_in_batch(conn: Connection, batch_id: str, *, encoder: str = "", now: int = 0) -> JobView | None:
    """The row for the next card that lies down; None when all have theirs.

    Rows that another desk took (``take``) at ``now`` are left to it.
    """
    j = encode_jobs.c
    free = or_(j.lease_until.is_(None), j.lease_until <= now, j.encoder == encoder)
    query = select(j.id).where(j.batch_id == batch_id, j.state == JobState.PLANNED.value, j.uid.is_(None), free)
    job_id = conn.execute(query.order_by(j.position).limit(1)).scalar()
    return None if job_id is None else encode_views.get(conn, job_id)


def skip(uow: UnitOfWork, job_id: str, encoder: str | None = None) -> JobView:
    """Somebody is not there yet: the row comes again after all others."""
    job = lock(uow, job_id)
    refuse_leased(uow, job, encoder)
    if job.batch is None or job.uid is not None or job.state is not JobState.PLANNED:
        raise ConflictError("This row has its card already. Go on with the next row.")
    last = select(func.max(encode_jobs.c.position)).where(encode_jobs.c.batch_id == job.batch)
    position: int = uow.conn.execute(last).scalar_one()
    return store(uow, job, job.state, {"position": position + 1, **LEFT})


def close_batch(uow: UnitOfWork, batch_id: str) -> BatchView:
    """The day is over: rows without a card are cancelled; cards under way are not touched."""
    batch = get_batch(uow.conn, batch_id)
    j = encode_jobs.c
    unbound = and_(j.batch_id == batch_id, j.state == JobState.PLANNED.value, j.uid.is_(None))
    values = {"state": JobState.CANCELLED.value, "updated_at": uow.now, "rev": j.rev + 1, **LEFT}
    dropped = uow.conn.execute(update(encode_jobs).where(unbound).values(values)).rowcount
    uow.record("encode.batch_closed", f"encode_batch:{batch_id}", {"name": batch.name, "dropped": dropped})
    close_when_done(uow, batch_id)
    return get_batch(uow.conn, batch_id)


# --- Views ----------------------------------------------------------------------------------------


def get_batch(conn: Connection, batch_id: str) -> BatchView:
    """One batch; raises NotFoundError."""
    row = conn.execute(select(encode_batches).where(encode_batches.c.id == batch_id)).first()
    if row is None:
        raise NotFoundError("There is no batch with the id %(id)s.", id=batch_id[:40])
    return _view(conn, row)


def list_batches(conn: Connection, *, only_open: bool = True, limit: int = 100) -> list[BatchView]:
    """The latest first."""
    query = select(encode_batches).order_by(encode_batches.c.created_at.desc(), encode_batches.c.id).limit(limit)
    if only_open:
        query = query.where(encode_batches.c.closed_at.is_(None))
    return [_view(conn, row) for row in conn.execute(query).all()]


def batches_after(conn: Connection, after: str | None, limit: int, *, only_open: bool = True) -> list[BatchView]:
    """Those that were planned after the one with the id ``after``, oldest first."""
    b, seen = encode_batches.c, encode_batches.alias("seen")
    query = select(encode_batches).order_by(b.created_at, b.id).limit(limit)
    if after is not None:
        made = select(seen.c.created_at).where(seen.c.id == after).scalar_subquery()
        query = query.where(or_(b.created_at > made, and_(b.created_at == made, b.id > after)))
    if only_open:
        query = query.where(b.closed_at.is_(None))
    return [_view(conn, row) for row in conn.execute(query).all()]


def report(conn: Connection, batch_id: str) -> BatchReport:
    """Every row: issued to whom, or why not."""
    jobs = encode_views.list_jobs(conn, only_open=False, batch_id=batch_id)
    return BatchReport(get_batch(conn, batch_id), jobs)


def _view(conn: Connection, row: Row[Any]) -> BatchView:
    j = encode_jobs.c
    counted = select(j.state, func.count()).where(j.batch_id == row.id).group_by(j.state)
    counts = {JobState(state): count for state, count in conn.execute(counted)}
    return BatchView(**row._asdict(), counts=counts)
