"""Planning work on a card: whose it will be is settled here, before anything is written on it."""

import os
from typing import Any

from sqlalchemy import Insert, Update, insert, update
from sqlalchemy.exc import IntegrityError

from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobState
from gateway.domain.errors import ConflictError
from gateway.domain.issuance import check_uid
from gateway.domain.person import Role
from gateway.ports.cards import FoundCard
from gateway.services import encode_views
from gateway.services.encode_layout import Layout, Random, columns_of, lay_out
from gateway.services.encode_orders import Order
from gateway.services.encode_refusals import refuse_refused
from gateway.services.encode_views import JobView, lock
from gateway.storage import crash
from gateway.storage.store import Actor, UnitOfWork
from gateway.storage.tables import encode_jobs

crash.register("encode.planned")


def plan(
    uow: UnitOfWork,
    order: Order,
    found: FoundCard,
    templates: CardTemplates,
    key_version: int,
    *,
    random: Random = os.urandom,
) -> JobView:
    """Work on the card that lies on an encoder.

    ISSUE and REPLACE reserve the card for its holder: R-CARD-1, 2, 3, 4, 8, 10, 12, 13, 16, 21. Raises
    RuleViolationError, or ConflictError naming who has the card or is writing it.
    """
    check_uid(found.uid)
    refuse_open_work(uow, found.uid)
    refuse_refused(uow.conn, found)
    layout = lay_out(uow, order, found, uow.actor, random)
    job_id = random(16).hex()
    values = {
        "id": job_id, "what": order.what.value, "state": JobState.PLANNED.value, "created_by": uow.actor.name,
        "created_at": uow.now, "updated_at": uow.now, "wanted": wanted_of(order, layout),
    }  # fmt: skip
    columns = columns_of(uow, order, found, layout, templates, key_version=key_version)
    _write(uow, found.uid, insert(encode_jobs).values(**values, **columns))
    return planned(uow, job_id)


def bind(
    uow: UnitOfWork,
    job_id: str,
    found: FoundCard,
    templates: CardTemplates,
    key_version: int,
    *,
    random: Random = os.urandom,
) -> JobView:
    """The next card of a batch lies down: from here on as after :func:`plan`, with whoever planned it as approver."""
    job = lock(uow, job_id)
    if job.uid is not None or job.state is not JobState.PLANNED:
        raise ConflictError("This row has its card already. Go on with the next row.")
    check_uid(found.uid)
    refuse_open_work(uow, found.uid)
    refuse_refused(uow.conn, found)
    layout = lay_out(uow, job.order, found, planner_of(job), random)
    columns = columns_of(uow, job.order, found, layout, templates, key_version=key_version)
    wanted = {**job.wanted, **wanted_of(job.order, layout)}
    changes = {**columns, "wanted": wanted, "updated_at": uow.now, "rev": job.rev + 1}
    _write(uow, found.uid, update(encode_jobs).where(encode_jobs.c.id == job_id).values(changes))
    return planned(uow, job_id)


def _write(uow: UnitOfWork, uid: bytes, statement: Insert | Update) -> None:
    """The unique index settles a race of two desks for one card."""
    try:
        with uow.conn.begin_nested():
            uow.conn.execute(statement)
    except IntegrityError:
        refuse_open_work(uow, uid)
        raise


def wanted_of(order: Order, layout: Layout) -> dict[str, Any]:
    """The order, and what is needed to undo or finish it."""
    return {"order": order.as_json(), "blank": layout.blank, "beyond_quota": layout.beyond_quota}


def planner_of(job: JobView) -> Actor:
    """Who planned a row of a batch, with the roles they had: what they approved stays approved."""
    by = job.wanted["by"]
    return Actor(by["id"], job.created_by, frozenset(Role(role) for role in by["roles"]))


def refuse_open_work(uow: UnitOfWork, uid: bytes) -> None:
    """Raises ConflictError naming who began what with this card."""
    job = encode_views.open_for_uid(uow.conn, uid)
    if job is not None:
        raise encode_views.under_way(job)


def planned(uow: UnitOfWork, job_id: str) -> JobView:
    """Says in the journal what will be done with which card."""
    job = encode_views.get(uow.conn, job_id)
    body = {"what": job.what, "card": job.card_id, "kind": job.kind, "key_version": job.key_version}
    uow.record("encode.planned", f"encode_job:{job_id}", {**body, "batch": job.batch})
    crash.crashpoint("encode.planned")
    return job
