"""Cards that let nobody write on them: the work is over, everything is as before, and the card is remembered.

A CPU card of someone else looks blank until a key is tried on it, and each wrong key brings it nearer to its end.
"""

import os
from typing import Final

from sqlalchemy import Connection, insert, select

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import GRANTS, JobEvent, JobState, next_state
from gateway.domain.errors import ConflictError, GatehouseError
from gateway.ports.cards import FoundCard
from gateway.services.encode_ends import end, release
from gateway.services.encode_layout import Random
from gateway.services.encode_views import JobView
from gateway.services.encode_work import ours, said
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import encode_jobs

_REFUSED: Final = "refused"


def refused(uow: UnitOfWork, job_id: str, encoder: str, why: GatehouseError, *, random: Random = os.urandom) -> JobView:
    """The card opened to none of our keys, so nothing was written: it is no longer promised to anybody.

    In a batch the row comes again, for another card. Raises ConflictError for work that had begun before, and for
    cards that were ours.
    """
    job = ours(uow, job_id, encoder)
    state = next_state(job.state, JobEvent.REFUSE)
    if job.what not in GRANTS:
        next_state(JobState.ACTIVE, JobEvent.REFUSE)
    if job.batch is not None:
        _again(uow, job, random)
    release(uow, job)
    uow.record("encode.refused", f"encode_job:{job_id}", {"encoder": encoder, "why": str(why)})
    return end(uow, job, state, {"why": said(why), "batch_id": None, "wanted": {**job.wanted, _REFUSED: True}})


def _again(uow: UnitOfWork, job: JobView, random: Random) -> None:
    """The same row of the batch, waiting for a card."""
    wanted = {"order": job.wanted["order"], "by": job.wanted["by"], "blank": None}
    row = {
        "id": random(16).hex(), "what": job.what.value, "state": JobState.PLANNED.value, "batch_id": job.batch,
        "position": job.position, "wanted": wanted, "created_by": job.created_by, "created_at": job.created_at,
        "updated_at": uow.now,
    }  # fmt: skip
    uow.conn.execute(insert(encode_jobs).values(row))


def refuse_refused(conn: Connection, found: FoundCard) -> None:
    """No second try with a CPU card that refused our keys: raises ConflictError with what it said then."""
    if found.kind is not CardKind.FMCOS:
        return  # any other kind shows whose it is when it is looked at
    j = encode_jobs.c
    query = select(j.wanted, j.why).where(j.uid == found.uid, j.state == JobState.CANCELLED.value)
    row = conn.execute(query.order_by(j.updated_at.desc()).limit(1)).first()
    if row is not None and row.wanted.get(_REFUSED):
        raise ConflictError(row.why["template"], **row.why["params"])
