"""Work on cards as desks and pages see it; nothing here changes anything."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, and_, or_, select

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import OPEN, RUNNING, WIPES, JobKind, JobState
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.ports.cards import EncodePlan
from gateway.services.chunks import chunked
from gateway.services.encode_orders import Order, plan_from_json
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, encode_jobs, people, units

OPEN_STATES = [state.value for state in sorted(OPEN)]


@dataclass(frozen=True, slots=True)
class JobView:
    """One piece of work on one card. Times are unix seconds; ``step`` of ``steps`` counts from 0.

    ``card`` is the printed number, ``holder`` and ``unit`` a name and a code: of the card once there is one, else of
    the order. ``why`` is the sentence of the last failure (``template``, ``params``). ``leased_by`` (a name) has the
    work at ``encoder`` until ``lease_until``; without a lease ``encoder`` is where it last was.
    """

    id: str
    what: JobKind
    state: JobState
    step: int
    steps: int
    uid: bytes | None
    kind: CardKind | None
    card_id: int | None
    card: str | None
    holder: str | None
    unit: str | None
    key_version: int | None
    plan: dict[str, Any] | None
    wanted: dict[str, Any]
    batch: str | None
    position: int | None
    encoder: str | None
    leased_by: str | None
    lease_until: int | None
    why: dict[str, Any] | None
    created_by: str
    created_at: int
    updated_at: int
    rev: int

    @property
    def order(self) -> Order:
        """What the desk asked for."""
        return Order.of(self.wanted["order"])

    @property
    def open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in OPEN

    @property
    def running(self) -> bool:
        """Whether a desk writes on the card now."""
        return self.state in RUNNING

    @property
    def wipes(self) -> bool:
        """Whether the card is to be wiped (CardWork.wipe), not written (CardWork.personalise)."""
        return self.state is JobState.WIPING or self.what in WIPES

    def leased(self, now: int) -> bool:
        """Whether a desk has it to itself."""
        return self.lease_until is not None and self.lease_until > now


def plan_of(job: JobView) -> EncodePlan:
    """What shall stand on the card. Raises NotFoundError in a batch, before a card was laid down."""
    if job.plan is None:
        raise NotFoundError("No card has been laid down for this row yet.")
    return plan_from_json(job.plan)


def get(conn: Connection, job_id: str) -> JobView:
    """One piece of work; raises NotFoundError."""
    job = _first(conn, _query().where(encode_jobs.c.id == job_id))
    if job is None:
        raise NotFoundError("There is no work at the encoder with the id %(id)s.", id=job_id[:40])
    return job


def digest(conn: Connection, job_id: str) -> str | None:
    """The plan's digest in hexadecimal."""
    found = conn.execute(select(encode_jobs.c.plan_digest).where(encode_jobs.c.id == job_id)).scalar()
    return None if found is None else bytes(found).hex()


def lock(uow: UnitOfWork, job_id: str) -> JobView:
    """The same, and nobody else changes it before this transaction ends."""
    uow.conn.execute(select(encode_jobs.c.id).where(encode_jobs.c.id == job_id).with_for_update())
    return get(uow.conn, job_id)


def list_jobs(
    conn: Connection, *, only_open: bool = True, bound: bool = False, batch_id: str | None = None, limit: int = 500
) -> list[JobView]:
    """A batch in its order, or all work, the latest first. ``bound``: only what has its card."""
    query = _query().limit(limit)
    if bound:
        query = query.where(encode_jobs.c.uid.is_not(None))
    if only_open:
        query = query.where(encode_jobs.c.state.in_(OPEN_STATES))
    if batch_id is None:
        return _views(conn, query.order_by(encode_jobs.c.created_at.desc(), encode_jobs.c.id))
    return _views(conn, query.where(encode_jobs.c.batch_id == batch_id).order_by(encode_jobs.c.position))


def jobs_after(
    conn: Connection, after: str | None, limit: int, *, only_open: bool = True, batch_id: str | None = None
) -> list[JobView]:
    """The work that was begun after the one with the id ``after``, oldest first."""
    j, seen = encode_jobs.c, encode_jobs.alias("seen")
    query = _query().order_by(j.created_at, j.id).limit(limit)
    if after is not None:
        begun = select(seen.c.created_at).where(seen.c.id == after).scalar_subquery()
        query = query.where(or_(j.created_at > begun, and_(j.created_at == begun, j.id > after)))
    if only_open:
        query = query.where(j.state.in_(OPEN_STATES))
    return _views(conn, query if batch_id is None else query.where(j.batch_id == batch_id))


def open_for_uid(conn: Connection, uid: bytes) -> JobView | None:
    """The work that waits for the card with this UID."""
    return _first(conn, _query().where(encode_jobs.c.uid == uid, encode_jobs.c.state.in_(OPEN_STATES)))


def open_for_card(conn: Connection, card_id: int) -> JobView | None:
    """The work that will change this card."""
    return _first(conn, _query().where(encode_jobs.c.card_id == card_id, encode_jobs.c.state.in_(OPEN_STATES)))


def under_way(job: JobView) -> ConflictError:
    """What another one is told who wants the same card: who has it and for whom."""
    if job.holder is None:
        return ConflictError(
            "Work on this card is under way; %(who)s began it. Finish that first.",
            who=job.created_by,
            job=job.id,
            fields={"uid": "work is under way"},
        )
    return ConflictError(
        "Card %(number)s is being written for %(holder)s, %(unit)s; %(who)s began it. Finish or cancel that first.",
        number=job.card,
        holder=job.holder,
        unit=job.unit,
        who=job.created_by,
        job=job.id,
        rule="R-CARD-12",
        fields={"uid": "work is under way"},
    )


def _first(conn: Connection, query: Select[Any]) -> JobView | None:
    return next(iter(_views(conn, query.limit(1))), None)


def _views(conn: Connection, query: Select[Any]) -> list[JobView]:
    rows = conn.execute(query).all()
    ordered = [row.wanted["order"] for row in rows if row.card_id is None]
    names = _named(conn, people.c.id, people.c.name, {order.get("person_id") for order in ordered})
    codes = _named(conn, units.c.id, units.c.code, {order.get("unit_id") for order in ordered})
    return [_view(row, names, codes) for row in rows]


def _named(conn: Connection, key: Column[Any], name: Column[Any], wanted: set[int | None]) -> dict[int | None, str]:
    """Names of those that no card leads to yet; they stand in their own table only."""
    ids = sorted(one for one in wanted if one is not None)
    return {row[0]: row[1] for chunk in chunked(ids) for row in conn.execute(select(key, name).where(key.in_(chunk)))}


def _query() -> Select[Any]:
    return (
        select(
            encode_jobs,
            cards.c.number.label("card"),
            people.c.name.label("holder"),
            units.c.code.label("unit"),
        )
        .outerjoin(cards, cards.c.id == encode_jobs.c.card_id)
        .outerjoin(people, people.c.id == cards.c.holder_id)
        .outerjoin(units, units.c.id == cards.c.unit_id)
    )


def _view(row: Row[Any], names: dict[int | None, str], codes: dict[int | None, str]) -> JobView:
    known, order = row._asdict(), row.wanted["order"]
    known["batch"] = known.pop("batch_id")
    known["what"], known["state"] = JobKind(row.what), JobState(row.state)
    known["kind"] = None if row.kind is None else CardKind(row.kind)
    known["uid"] = None if row.uid is None else bytes(row.uid)
    known["card"] = row.card or order.get("number")
    known["holder"] = row.holder or names.get(order.get("person_id"))
    known["unit"] = row.unit or codes.get(order.get("unit_id"))
    del known["plan_digest"]
    return JobView(**known)
