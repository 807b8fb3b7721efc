"""A desk at work on a card: each step is durable before the card is touched, and one desk has it at a time.

A failure tells nothing about the card, so the work becomes ``unknown`` until the card lies on an encoder again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from gateway.domain.encode_job import LEASE_S, OPEN, RUNNING, WIPES, JobEvent, JobState, next_state
from gateway.domain.errors import ConflictError, GatehouseError, MalformedError, StaleError
from gateway.services import encode_views
from gateway.services.clockwork import zone_of
from gateway.services.encode_views import JobView, lock
from gateway.storage import crash
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import encode_jobs

crash.register("encode.intent", "encode.step", "encode.verifying")

INTERRUPTED = "%(who)s at %(encoder)s was interrupted; nobody knows what is on the card. Lay it on an encoder again."
LEFT = {"leased_by": None, "lease_until": None}
"""No desk has the work any more."""


def take(uow: UnitOfWork, job_id: str, encoder: str, lease_s: int = LEASE_S) -> JobView:
    """This desk has the work to itself for ``lease_s`` seconds, renewed by every step.

    Work that another run left in the middle becomes unknown. Raises ConflictError naming desk, who and until when.
    """
    job = lock(uow, job_id)
    if job.state not in OPEN:
        next_state(job.state, JobEvent.START)
    refuse_leased(uow, job, encoder)
    if job.running:
        job = _lapse_one(uow, job)
    lease = {"encoder": encoder, "leased_by": uow.actor.name, "lease_until": uow.now + lease_s}
    return store(uow, job, job.state, lease)


def refuse_leased(uow: UnitOfWork, job: JobView, encoder: str | None) -> None:
    """Raises ConflictError when another desk has the work."""
    if job.leased(uow.now) and job.encoder != encoder:
        until = datetime.fromtimestamp(job.lease_until or 0, zone_of(uow.conn))
        raise ConflictError(
            "%(who)s is working on this card at %(encoder)s until %(until)s. Finish it there, or wait.",
            who=_who(job),
            encoder=job.encoder,
            until=f"{until:%H:%M:%S}",
            job=job.id,
        )


def _who(job: JobView) -> str:
    """The person at work; where a card only was laid down again, the one who ordered it."""
    at_a_tap = job.leased_by is None or job.leased_by == job.encoder
    return job.created_by if at_a_tap else str(job.leased_by)


def _interrupted(job: JobView) -> dict[str, Any]:
    why = {"template": INTERRUPTED, "params": {"who": _who(job), "encoder": job.encoder}}
    return {"why": why}


def start(uow: UnitOfWork, job_id: str, encoder: str, steps: int) -> JobView:
    """The intent, durable before the first command: UID, plan digest, key version and how many steps there are.

    Work that wipes (``job.wipes``) goes to WIPING instead.
    """
    job = ours(uow, job_id, encoder)
    if job.uid is None:
        raise ConflictError("Lay the card for this row on the encoder first.")
    wipes = job.what in WIPES or job.state is JobState.WIPING
    state = next_state(job.state, JobEvent.WIPE if wipes else JobEvent.START)
    body = {"uid": job.uid.hex(), "digest": encode_views.digest(uow.conn, job_id), "key_version": job.key_version}
    uow.record("encode.started", f"encode_job:{job_id}", {**body, "steps": steps, "encoder": encoder})
    started = store(uow, job, state, {"step": 0, "steps": steps, "why": None, **_renewed(uow)})
    crash.crashpoint("encode.intent")
    return started


def mark(uow: UnitOfWork, job_id: str, encoder: str, step: int) -> JobView:
    """Durable before the commands of ``step`` (from 0); renews the lease."""
    job = ours(uow, job_id, encoder)
    if not 0 <= step < job.steps:
        raise MalformedError("There is no step %(step)s of %(steps)s.", step=step, steps=job.steps)
    marked = store(uow, job, next_state(job.state, JobEvent.MARK), {"step": step, **_renewed(uow)})
    crash.crashpoint("encode.step")
    return marked


def verifying(uow: UnitOfWork, job_id: str, encoder: str) -> JobView:
    """Everything stands on the card and was read back; only the activation is left."""
    job = ours(uow, job_id, encoder)
    changes = {"step": job.steps, **_renewed(uow)}
    verified = store(uow, job, next_state(job.state, JobEvent.VERIFY), changes)
    crash.crashpoint("encode.verifying")
    return verified


def fail(uow: UnitOfWork, job_id: str, encoder: str, why: GatehouseError) -> JobView:
    """The card went away or did not do as it was told; any desk may go on with it."""
    job = ours(uow, job_id, encoder)
    state = next_state(job.state, JobEvent.FAIL)
    uow.record("encode.failed", f"encode_job:{job_id}", {"step": job.step, "encoder": encoder, "why": str(why)})
    return store(uow, job, state, {"why": said(why), **LEFT})


def said(why: GatehouseError) -> dict[str, Any]:
    """A sentence for the store: its template and what fills it."""
    return {"template": why.template, "params": {name: str(value) for name, value in why.params.items()}}


def leave(uow: UnitOfWork, job_id: str, encoder: str) -> JobView:
    """The desk lets go of work that it has not begun (or that is unknown), before its lease ends."""
    job = ours(uow, job_id, encoder)
    if job.running:
        next_state(job.state, JobEvent.ABANDON)
    return store(uow, job, job.state, LEFT)


def lapse(uow: UnitOfWork, *, at_start: bool = False) -> list[JobView]:
    """Work whose desk gave no sign of life until its lease ended becomes unknown; call it now and then.

    ``at_start``: no desk of this gateway works on anything yet, so all of it.
    """
    j = encode_jobs.c
    query = select(j.id).where(j.state.in_([state.value for state in OPEN]), j.lease_until.is_not(None))
    if not at_start:
        query = query.where(j.lease_until <= uow.now)
    return [_lapse_one(uow, lock(uow, job_id)) for job_id in uow.conn.execute(query.order_by(j.id)).scalars().all()]


def _lapse_one(uow: UnitOfWork, job: JobView) -> JobView:
    if job.state not in RUNNING:
        return store(uow, job, job.state, LEFT)
    body = {"step": job.step, "encoder": job.encoder, "lapsed": True}
    uow.record("encode.failed", f"encode_job:{job.id}", body)
    return store(uow, job, next_state(job.state, JobEvent.FAIL), {**_interrupted(job), **LEFT})


def ours(uow: UnitOfWork, job_id: str, encoder: str) -> JobView:
    """The work, if this desk has it. A lease that ended and that nobody took since is still ours."""
    job = lock(uow, job_id)
    if job.lease_until is None or job.encoder != encoder:
        raise StaleError(
            "This work is no longer at %(encoder)s. Lay the card on an encoder again to take it.", encoder=encoder
        )
    return job


def _renewed(uow: UnitOfWork) -> dict[str, Any]:
    return {"lease_until": uow.now + LEASE_S}


def store(uow: UnitOfWork, job: JobView, state: JobState, changes: dict[str, Any]) -> JobView:
    """Writes a step of the work's life."""
    values = {"state": state.value, "updated_at": uow.now, "rev": job.rev + 1, **changes}
    uow.conn.execute(update(encode_jobs).where(encode_jobs.c.id == job.id).values(values))
    return encode_views.get(uow.conn, job.id)
