"""Work on cards at the encoders: look, order, follow, cancel.

An order is durable before anything is written, and belongs to the gateway: whatever becomes of whoever sent it, the
work goes on when the card is laid down again. The event stream tells its steps (``encode_job``).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from admin_api import encoding
from admin_api.mutations import Call, reads, writes
from admin_api.roles import AUDIT, DESK, DESK_READ
from admin_api.schemas.base import Slug
from admin_api.schemas.encoding import (
    BatchesOut,
    BatchIn,
    BatchOut,
    BatchReportOut,
    CardKeysOut,
    EncoderOut,
    EncodersOut,
    FollowIn,
    JobId,
    JobOut,
    JobsOut,
    OrderIn,
    batch_out,
)
from gateway.domain.identity import parse_uid
from gateway.services import card_key_status, encode_jobs
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["encoding"])

Look = Annotated[Call, Depends(reads(DESK_READ))]
Desk = Annotated[Call, Depends(writes(DESK))]
Keys = Annotated[Call, Depends(reads(AUDIT))]


# --- Encoders -------------------------------------------------------------------------------------


@router.get("/encoders", summary="What lies on the encoders", response_model=EncodersOut)
def list_encoders(call: Look) -> Response:
    """By name."""
    return call.show(EncodersOut(items=[_encoder(call, laid.encoder) for laid in call.house.encoders.laid()]))


@router.post("/encoders/{encoder}/look", summary="Look at the card again", response_model=EncoderOut)
def look_again(encoder: Slug, call: Desk) -> Response:
    """As if it had been laid down anew: work that waits for it goes on."""
    call.house.encoding.look_again(encoder)
    return call.show(_encoder(call, encoder))


def _encoder(call: Call, encoder: str) -> EncoderOut:
    return EncoderOut.of(encoding.laid_on(call.house, encoder), call.house.encoding.following().get(encoder))


# --- Work on one card -----------------------------------------------------------------------------


@router.post("/encode-jobs", summary="Order work on the card that lies there", status_code=202, response_model=JobOut)
def order(body: OrderIn, call: Desk) -> Response:
    """All rules are settled here; the card opens nothing before the job is ``active``.

    409 names who has the card or is writing it; 422 names the rule. A card that carries no number of ours is handed
    out with ``POST /cards/issue`` instead.
    """
    found = encoding.found_on(call.house, body.encoder, parse_uid(body.uid))
    version = call.house.encoding.key_version()
    planned: list[JobOut] = []  # stays empty when the answer to an earlier request is given again

    def act(uow: UnitOfWork) -> JobOut:
        planned[:] = [JobOut.of(encoding.plan(uow, call.house, version, body.order(), found))]
        return planned[0]

    response = call.write(act, status=202)
    for job in planned:
        call.house.encoding.begin(body.encoder, job.id, call.caller.actor)
    return response


@router.get("/encode-jobs", summary="Work on cards", response_model=JobsOut)
def list_jobs(
    call: Look, *, batch: JobId | None = None, all_states: Annotated[bool, Query(alias="all")] = False
) -> Response:
    """What is open; ``all`` shows what ended as well, at most 500."""
    with call.read() as conn:
        jobs = encode_jobs.list_jobs(conn, only_open=not all_states, batch_id=batch)
    return call.show(JobsOut(items=[JobOut.of(job) for job in jobs]))


@router.get("/encode-jobs/{job_id}", summary="One piece of work", response_model=JobOut)
def get_job(job_id: JobId, call: Look) -> Response:
    """How far it is, and what interrupted it."""
    with call.read() as conn:
        return call.show(JobOut.of(encode_jobs.get(conn, job_id)))


@router.post("/encode-jobs/{job_id}/cancel", summary="Give work up", response_model=JobOut)
def cancel(job_id: JobId, call: Desk) -> Response:
    """Before anything was written everything is as before; after that the card is wiped when it is laid down next."""
    return call.write(lambda uow: JobOut.of(encode_jobs.cancel(uow, job_id)))


@router.post("/encode-jobs/{job_id}/abandon", summary="The card will not come back", response_model=JobOut)
def abandon(job_id: JobId, call: Desk) -> Response:
    """It was lost or broken half-way: the work ends, and the card is known should it turn up."""
    return call.write(lambda uow: JobOut.of(encode_jobs.abandon(uow, job_id)))


@router.post("/encode-jobs/{job_id}/skip", summary="Somebody is not there yet", response_model=JobOut)
def skip(job_id: JobId, call: Desk) -> Response:
    """This row of a batch comes again after all others."""
    return call.write(lambda uow: JobOut.of(encode_jobs.skip(uow, job_id)))


# --- Batches --------------------------------------------------------------------------------------


@router.post("/encode-batches", summary="Prepare a handover day", status_code=201, response_model=BatchOut)
def plan_batch(body: BatchIn, call: Desk) -> Response:
    """All rows or none; an error for each row that cannot be (``rows.3``). Nothing is reserved yet."""
    rows = [row.row() for row in body.rows]
    return call.write(lambda uow: batch_out(encode_jobs.plan_batch(uow, body.name, rows)), status=201)


@router.get("/encode-batches", summary="Batches", response_model=BatchesOut)
def list_batches(call: Look, *, all_states: Annotated[bool, Query(alias="all")] = False) -> Response:
    """Those that are open, or ``all``."""
    with call.read() as conn:
        batches = encode_jobs.list_batches(conn, only_open=not all_states)
    return call.show(BatchesOut(items=[batch_out(batch) for batch in batches]))


@router.get("/encode-batches/{batch_id}", summary="One batch, row by row", response_model=BatchReportOut)
def get_batch(batch_id: JobId, call: Look) -> Response:
    """In the order of the list."""
    with call.read() as conn:
        return call.show(BatchReportOut.of(encode_jobs.report(conn, batch_id)))


@router.post("/encode-batches/{batch_id}/follow", summary="Write a batch at an encoder", response_model=EncoderOut)
def follow(batch_id: JobId, body: FollowIn, call: Desk) -> Response:
    """Each blank card laid down there from now on is the next one of the batch."""
    with call.read() as conn:
        encode_jobs.get_batch(conn, batch_id)
    call.house.encoding.follow(body.encoder, batch_id, call.caller.actor)
    return call.show(_encoder(call, body.encoder))


@router.post("/encoders/{encoder}/unfollow", summary="Stop a batch at an encoder", response_model=EncoderOut)
def unfollow(encoder: Slug, call: Desk) -> Response:
    """Cards laid down there are only looked at again."""
    call.house.encoding.unfollow(encoder)
    return call.show(_encoder(call, encoder))


@router.post("/encode-batches/{batch_id}/close", summary="The day is over", response_model=BatchOut)
def close_batch(batch_id: JobId, call: Desk) -> Response:
    """Rows without a card are cancelled; cards under way are finished."""
    return call.write(lambda uow: batch_out(encode_jobs.close_batch(uow, batch_id)))


# --- Keys -----------------------------------------------------------------------------------------


@router.get("/card-keys", summary="The card keys", response_model=CardKeysOut)
def card_keys(call: Keys) -> Response:
    """Versions, check values, and how many cards carry which; never a key."""
    with call.read() as conn:
        return call.show(CardKeysOut.of(card_key_status.status(conn)))
