"""Release slips at a guard post. A verdict is an answer, not an error: it comes with status 200 whatever it says."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from admin_api.gates import after_release, post_of
from admin_api.mutations import Call, reads, writes
from admin_api.roles import POST, VERIFY
from admin_api.schemas.slips import RefuseIn, ReleaseIn, VerdictOut, VerifyIn
from gateway.services import release
from gateway.services.slip_views import Verdict
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1/post", tags=["post"])

Look = Annotated[Call, Depends(reads(VERIFY))]
AtPost = Annotated[Call, Depends(writes(POST))]


@router.post("/verify", summary="Look at a slip", response_model=VerdictOut)
def verify(body: VerifyIn, call: Look) -> Response:
    """Free of side effects: only a release spends the right."""
    return call.show(VerdictOut.of(_look(body, call)))


def _look(body: VerifyIn, call: Call) -> Verdict:
    keys, post = call.house.keys.slips, post_of(call.caller, body.post)
    with call.read() as conn:
        if body.slip_no is not None:
            return release.verify_by_number(conn, keys, body.slip_no, post=post, now=call.now)
        return release.verify(conn, keys, body.text or "", post=post, now=call.now)


@router.post("/release", summary="Let goods out, once", response_model=VerdictOut)
def let_out(body: ReleaseIn, call: AtPost) -> Response:
    """Spends the right durably, then answers green, then opens the barrier of the post.

    The same `release_id` with the same body gets the same answer, however often it comes, and opens nothing
    again; with another body 409.
    """
    keys, post = call.house.keys.slips, post_of(call.caller, body.post)
    verdicts: list[Verdict] = []

    def released(uow: UnitOfWork) -> VerdictOut:
        verdict = release.release(
            uow,
            keys,
            release_id=body.release_id,
            post=post,
            lines=[line.taken() for line in body.lines],
            text=body.text,
            slip_no=body.slip_no,
            plate_seen=body.plate_seen,
            override=body.override,
            mover=body.mover,
        )
        verdicts[:] = [verdict]
        return VerdictOut.of(verdict)

    answer = call.write(released)
    if verdicts:
        answer.background = after_release(call.house, call.caller.actor, post, verdicts[0])
    return answer


@router.post("/refuse", summary="Turn goods back", response_model=VerdictOut)
def refuse(body: RefuseIn, call: AtPost) -> Response:
    """Written down too; a bad slip alarms the desk."""
    keys, post = call.house.keys.slips, post_of(call.caller, body.post)

    def refused(uow: UnitOfWork) -> VerdictOut:
        return VerdictOut.of(
            release.refuse(
                uow,
                keys,
                release_id=body.release_id,
                post=post,
                reason=body.reason,
                text=body.text,
                slip_no=body.slip_no,
                plate_seen=body.plate_seen,
            )
        )

    return call.write(refused)
