"""Work on cards at the encoders: look, order, follow, cancel.

An order is durable before anything is written, and belongs to the gateway: whatever becomes of whoever sent it, the
work goes on when the card is laid down again. The event stream tells its steps to who asks for ``encode_job``.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from admin_api import encoding
from admin_api.mutations import Call, reads, writes
from admin_api.roles import AUDIT, DESK, DESK_READ
from admin_api.schemas.base import AfterText, Limit, Page, Slug, page_of
from admin_api.schemas.encoding import (
    AtIn,
    BatchIn,
    BatchOut,
    BatchReportOut,
    CardKeysOut,
    EncoderOut,
    EncodersOut,
    FollowIn,
    JobId,
    JobOut,
    OrderIn,
    batch_out,
)
from gateway.domain.errors import ConflictError
from gateway.domain.identity import parse_uid
from gateway.runtime.encode_run import NO_KEYS
from gateway.services import card_key_status, encode_jobs
from gateway.services.encode_jobs import JobView
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["encoding"])

Look = Annotated[Call, Depends(reads(DESK_READ))]
Desk = Annotated[Call, Depends(writes(DESK))]
Keys = Annotated[Call, Depends(reads(AUDIT))]
All = Annotated[bool, Query(alias="all", description="What ended as well.")]
M = TypeVar("M", bound=BaseModel)


# --- Encoders -------------------------------------------------------------------------------------


@router.get("/encoders", summary="What lies on the encoders", response_model=EncodersOut)
def list_encoders(call: Look) -> Response:
    """By name."""
    following = call.house.encoding.following()
    shown = [EncoderOut.of(laid, following.get(laid.encoder)) for laid in call.house.encoders.laid()]
    return call.show(EncodersOut(items=shown))


@router.post("/encoders/{encoder}/look", summary="Look at the card again", response_model=EncoderOut)
def look_again(encoder: Slug, call: Desk) -> Response:
    """As if it had been laid down anew: work that waits for it goes on."""
    return _told(call, lambda _uow: _encoder(call, encoder), lambda _shown: call.house.encoding.look_again(encoder))


def _encoder(call: Call, encoder: str) -> EncoderOut:
    return EncoderOut.of(encoding.laid_on(call.house, encoder), call.house.encoding.following().get(encoder))


def _told(call: Call, act: Callable[[UnitOfWork], M], tell: Callable[[M], None], *, status: int = 200) -> Response:
    """``tell`` reaches the desk after the commit; never when the answer to an earlier request is given again."""
    made: list[M] = []

    def noted(uow: UnitOfWork) -> M:
        made[:] = [act(uow)]
        return made[0]

    response = call.write(noted, status=status)
    for one in made:
        tell(one)
    return response


# --- Work on one card -----------------------------------------------------------------------------


@router.post("/encode-jobs", summary="Order work on the card that lies there", status_code=202, response_model=JobOut)
def order(body: OrderIn, call: Desk) -> Response:
    """All rules are settled here; the card opens nothing before the job is ``active``.

    409 names who has the card or is writing it; 422 names the rule. A card that carries no number of ours is handed
    out with ``POST /cards/issue`` instead.
    """
    house, uid, wanted = call.house, parse_uid(body.uid), body.order()
    version = house.encoding.key_version()

    def act(uow: UnitOfWork) -> JobOut:
        found = encoding.found_on(house, body.encoder, uid)
        if encoding.is_issued_by_uid(wanted, found):
            raise ConflictError(
                "Nothing can be written on this card. Hand it out by its UID: POST /api/v1/cards/issue, or /replace."
            )
        return _job(call, encoding.plan(uow, house, version, wanted, found))

    return _told(call, act, lambda job: house.encoding.begin(body.encoder, job.id, call.caller.actor), status=202)


@router.get("/encode-jobs", summary="Work on cards")
def list_jobs(
    call: Look,
    *,
    after: AfterText = None,
    limit: Limit = 100,
    batch: JobId | None = None,
    all_states: All = False,
) -> Page[JobOut]:
    """What is open, oldest first. The rows of a batch in the order of its list: `GET /encode-batches/{batch_id}`."""
    with call.read() as conn:
        jobs = encode_jobs.jobs_after(conn, after, limit + 1, only_open=not all_states, batch_id=batch)
    return page_of([_job(call, job) for job in jobs], limit, lambda job: job.id)


@router.get("/encode-jobs/{job_id}", summary="One piece of work", response_model=JobOut)
def get_job(job_id: JobId, call: Look) -> Response:
    """How far it is, and what interrupted it."""
    with call.read() as conn:
        return call.show(_job(call, encode_jobs.get(conn, job_id)))


@router.post("/encode-jobs/{job_id}/cancel", summary="Give work up", response_model=JobOut)
def cancel(job_id: JobId, call: Desk, body: AtIn | None = None) -> Response:
    """Before anything was written everything is as before; after that the card is wiped when it is laid down next."""
    return _change(call, job_id, lambda uow: encode_jobs.cancel(uow, job_id, _place(body)))


@router.post("/encode-jobs/{job_id}/abandon", summary="The card will not come back", response_model=JobOut)
def abandon(job_id: JobId, call: Desk, body: AtIn | None = None) -> Response:
    """It was lost or broken half-way: the work ends, and the card is known should it turn up."""
    return _change(call, job_id, lambda uow: encode_jobs.abandon(uow, job_id, _place(body)))


@router.post("/encode-jobs/{job_id}/skip", summary="Somebody is not there yet", response_model=JobOut)
def skip(job_id: JobId, call: Desk, body: AtIn | None = None) -> Response:
    """This row of a batch comes again after all others."""
    return _change(call, job_id, lambda uow: encode_jobs.skip(uow, job_id, _place(body)))


def _change(call: Call, job_id: str, act: Callable[[UnitOfWork], JobView]) -> Response:
    """One change of work, guarded by ``If-Match`` when it was sent; the encoder with its card goes on by it."""
    changed: list[JobView] = []

    def done(uow: UnitOfWork) -> JobOut:
        changed[:] = [act(uow)]
        return _job(call, changed[0])

    response = call.write(done, current=lambda conn: _job(call, encode_jobs.get(conn, job_id)))
    for job in changed:
        if job.open and job.uid is not None:
            encoding.look_where(call.house, job)
    return response


def _job(call: Call, job: JobView) -> JobOut:
    return JobOut.of(job, tuple(call.house.encoding.steps(job)))


def _place(body: AtIn | None) -> str | None:
    return None if body is None else body.encoder


# --- Batches --------------------------------------------------------------------------------------


@router.post("/encode-batches", summary="Prepare a handover day", status_code=201, response_model=BatchOut)
def plan_batch(body: BatchIn, call: Desk) -> Response:
    """All rows or none; an error for each row that cannot be (``rows.3``). Nothing is reserved yet."""
    rows = [row.row() for row in body.rows]
    return call.write(lambda uow: batch_out(encode_jobs.plan_batch(uow, body.name, rows)), status=201)


@router.get("/encode-batches", summary="Batches")
def list_batches(call: Look, *, after: AfterText = None, limit: Limit = 100, all_states: All = False) -> Page[BatchOut]:
    """Those that are open, oldest first."""
    with call.read() as conn:
        batches = encode_jobs.batches_after(conn, after, limit + 1, only_open=not all_states)
    return page_of([batch_out(batch) for batch in batches], limit, lambda batch: batch.id)


@router.get("/encode-batches/{batch_id}", summary="One batch, row by row", response_model=BatchReportOut)
def get_batch(batch_id: JobId, call: Look) -> Response:
    """In the order of the list."""
    with call.read() as conn:
        return call.show(_report(call, conn, batch_id))


def _report(call: Call, conn: Connection, batch_id: str) -> BatchReportOut:
    return BatchReportOut.of(encode_jobs.report(conn, batch_id), lambda job: _job(call, job))


@router.post("/encode-batches/{batch_id}/follow", summary="Write a batch at an encoder", response_model=EncoderOut)
def follow(batch_id: JobId, body: FollowIn, call: Desk) -> Response:
    """Each blank card laid down there from now on is the next one of the batch."""
    house, version = call.house, call.house.encoding.key_version()

    def act(uow: UnitOfWork) -> EncoderOut:
        batch = encode_jobs.get_batch(uow.conn, batch_id)
        if batch.closed_at is not None:
            raise ConflictError("The batch %(name)s is over. Plan another one.", name=batch.name)
        if version is None:
            raise ConflictError(NO_KEYS)
        return EncoderOut.of(encoding.laid_on(house, body.encoder), batch_id)

    return _told(call, act, lambda _shown: house.encoding.follow(body.encoder, batch_id, call.caller.actor))


@router.post("/encoders/{encoder}/unfollow", summary="Stop a batch at an encoder", response_model=EncoderOut)
def unfollow(encoder: Slug, call: Desk) -> Response:
    """Cards laid down there are only looked at again."""

    def act(_uow: UnitOfWork) -> EncoderOut:
        return EncoderOut.of(encoding.laid_on(call.house, encoder), None)

    return _told(call, act, lambda _shown: call.house.encoding.unfollow(encoder))


@router.post("/encode-batches/{batch_id}/close", summary="The day is over", response_model=BatchOut)
def close_batch(batch_id: JobId, call: Desk) -> Response:
    """Rows without a card are cancelled; cards under way are finished."""
    return call.write(
        lambda uow: batch_out(encode_jobs.close_batch(uow, batch_id)),
        current=lambda conn: _report(call, conn, batch_id),
    )


# --- Keys -----------------------------------------------------------------------------------------


@router.get("/card-keys", summary="The card keys", response_model=CardKeysOut)
def card_keys(call: Keys) -> Response:
    """Versions, check values, and how many cards carry which; never a key."""
    with call.read() as conn:
        return call.show(CardKeysOut.of(card_key_status.status(conn)))
