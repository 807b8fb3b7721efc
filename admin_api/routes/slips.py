"""Release slips at the desk: written, agreed to, reviewed, issued, printed, voided."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from admin_api.mutations import Call, reads, writes
from admin_api.roles import DESK, DESK_READ, REVIEW
from admin_api.schemas.base import AfterId, Limit, Page, RowId, Slug, page_of
from admin_api.schemas.slips import (
    ConsentIn,
    IssueIn,
    MovementOut,
    MovementsOut,
    ReasonIn,
    RefusedIn,
    SlipIn,
    SlipOut,
)
from admin_api.slip_qr import Medium, qr_svg
from gateway.domain.slip import SlipState
from gateway.services import slips
from gateway.services.slip_views import SlipView
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1/slips", tags=["slips"])

Look = Annotated[Call, Depends(reads(DESK_READ))]
Desk = Annotated[Call, Depends(writes(DESK))]
Review = Annotated[Call, Depends(writes(REVIEW))]


@router.get("", summary="The slips")
def list_slips(
    call: Look,
    *,
    after: AfterId = 0,
    limit: Limit = 100,
    unit_id: RowId | None = None,
    post: Slug | None = None,
    state: SlipState | None = None,
) -> Page[SlipOut]:
    """Oldest first; `post` is the home post."""
    states = None if state is None else [state]
    with call.read() as conn:
        found = slips.list_slips(
            conn, now=call.now, unit_id=unit_id, post=post, states=states, after=after, limit=limit + 1
        )
    return page_of([SlipOut.of(slip) for slip in found], limit, lambda slip: slip.id)


@router.get("/by-number/{slip_no}", summary="The slip with this number", response_model=SlipOut)
def by_number(slip_no: RowId, call: Look) -> Response:
    """As printed on it."""
    with call.read() as conn:
        return call.show(SlipOut.of(slips.get_by_number(conn, slip_no, now=call.now)))


@router.post("", summary="Write a slip", status_code=201, response_model=SlipOut)
def create(body: SlipIn, call: Desk) -> Response:
    """A draft; arrears never stop it (R-SLIP-9)."""
    return call.write(lambda uow: SlipOut.of(slips.create(uow, **body.form())), status=201)


@router.post("/issue", summary="Write, agree and issue in one visit", status_code=201, response_model=SlipOut)
def create_and_issue(body: IssueIn, call: Desk) -> Response:
    """For an owner who stands at the desk; all or nothing."""
    keys = call.house.keys.slips

    def issued(uow: UnitOfWork) -> SlipOut:
        return SlipOut.of(slips.create_and_issue(uow, keys, body.consent.consent(uow.now), **body.form()))

    return call.write(issued, status=201)


@router.get("/{slip_id}", summary="One slip", response_model=SlipOut)
def get_slip(slip_id: RowId, call: Look) -> Response:
    """With the entity tag a change may be guarded by."""
    with call.read() as conn:
        return call.show(SlipOut.of(slips.get(conn, slip_id, now=call.now)))


@router.get("/{slip_id}/story", summary="What left and what was turned back", response_model=MovementsOut)
def story(slip_id: RowId, call: Look) -> Response:
    """Oldest first."""
    with call.read() as conn:
        slips.get(conn, slip_id, now=call.now)
        found = slips.movements(conn, slip_id)
    return call.show(MovementsOut(items=[MovementOut.of(movement) for movement in found]))


@router.post("/{slip_id}/ask-owner", summary="The owner was asked", response_model=SlipOut)
def ask_owner(slip_id: RowId, call: Desk) -> Response:
    """And has not answered yet."""
    return _act(call, slip_id, lambda uow: slips.ask_owner(uow, slip_id))


@router.post("/{slip_id}/consent", summary="The owner agreed", response_model=SlipOut)
def consent(slip_id: RowId, body: ConsentIn, call: Desk) -> Response:
    """The list is frozen from here on."""
    return _act(call, slip_id, lambda uow: slips.consent(uow, slip_id, body.consent(uow.now)))


@router.post("/{slip_id}/refuse-consent", summary="The owner said no", response_model=SlipOut)
def refuse_consent(slip_id: RowId, body: RefusedIn, call: Desk) -> Response:
    """This slip ends here."""
    return _act(call, slip_id, lambda uow: slips.refuse_consent(uow, slip_id, by=body.by, reason=body.reason))


@router.post("/{slip_id}/review", summary="A second person read the slip", response_model=SlipOut)
def review(slip_id: RowId, call: Review) -> Response:
    """Nobody reviews a slip he wrote himself (R-SLIP-6)."""
    return _act(call, slip_id, lambda uow: slips.review(uow, slip_id))


@router.post("/{slip_id}/issue", summary="Issue a slip", response_model=SlipOut)
def issue(slip_id: RowId, call: Desk) -> Response:
    """Number, right to release and signed token, together."""
    return _act(call, slip_id, lambda uow: slips.issue(uow, slip_id, call.house.keys.slips))


@router.post("/{slip_id}/void", summary="Void a slip", response_model=SlipOut)
def void(slip_id: RowId, body: ReasonIn, call: Desk) -> Response:
    """Of which nothing has left. A clerk voids only slips he wrote himself."""
    return _act(call, slip_id, lambda uow: slips.void(uow, slip_id, body.reason))


@router.get(
    "/{slip_id}/qr.svg",
    summary="The QR of an issued slip",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
def qr(
    slip_id: RowId,
    call: Look,
    *,
    medium: Annotated[Medium, Query(alias="for", description="Where it will be read from.")] = Medium.SCREEN,
) -> Response:
    """Error correction M for a screen, Q for paper; four modules of quiet zone."""
    with call.read() as conn:
        return Response(qr_svg(slips.get(conn, slip_id, now=call.now), medium), media_type="image/svg+xml")


def _act(call: Call, slip_id: int, act: Callable[[UnitOfWork], SlipView]) -> Response:
    """One change of one slip, guarded by ``If-Match`` when it was sent."""

    def current(conn: Connection) -> SlipOut:
        return SlipOut.of(slips.get(conn, slip_id, now=call.now))

    return call.write(lambda uow: SlipOut.of(act(uow)), current=current)
