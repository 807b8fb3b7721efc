"""Why a credential is admitted or refused, what rights someone has, and how far a card's last change has come."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from admin_api.mutations import Call, reads
from admin_api.roles import DESK_READ, WHY
from admin_api.schemas.base import AfterId, Limit, Page, RowId, Slug, page_of, seconds
from admin_api.schemas.why import DecisionIn, DecisionOut, EntitlementOut, ReachOut, TermsOut
from gateway.services import gates, occupancy, projection
from gateway.services.reach import reach
from gateway.services.why import why

router = APIRouter(prefix="/api/v1", tags=["why"])

Look = Annotated[Call, Depends(reads(DESK_READ))]


@router.post("/decisions", summary="Why is this credential admitted or refused", response_model=DecisionOut)
def decide(body: DecisionIn, call: Annotated[Call, Depends(reads(WHY))]) -> Response:
    """Decides exactly as the gate does, and explains. Changes nothing."""
    at = call.now if body.at is None else seconds(body.at) or 0
    keeper = call.house.keeper
    with call.read() as conn:
        portal = gates.get_portal(conn, body.portal)
        view = why(conn, call.house.keys, keeper.lists(), keeper.calendar(), portal, body.presented(), at)
    return call.show(DecisionOut.of(view))


@router.get("/cards/{card_id}/reach", summary="How far a card's last change has come", response_model=ReachOut)
def card_reach(card_id: RowId, call: Look) -> Response:
    """Gate by gate, from what the controllers report; gates wired to the gateway confirm at once."""
    fleet = call.house.fleet
    reports = {} if fleet is None else {status.controller: status for status in fleet.statuses()}
    with call.read() as conn:
        return call.show(ReachOut.of(reach(conn, call.house.keys, card_id, reports)))


@router.get("/entitlements", summary="What rights someone has, and why")
def entitlements(
    call: Look,
    holder: Annotated[RowId, Query(description="A person on file.")],
    area: Slug | None = None,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[EntitlementOut]:
    """Each with the basis it follows from, whether a card carries it or not."""
    with call.read() as conn:
        occupancy.get_person(conn, holder)
        rights = projection.entitlements_of_person(conn, holder)
    numbered = [(n, right) for n, right in enumerate(rights, 1) if n > after and area in {None, right.area}]
    page = page_of(numbered[: limit + 1], limit, lambda item: item[0])
    shown = [
        EntitlementOut(
            area=right.area,
            basis=right.basis,
            basis_id=right.basis_id,
            holder=holder,
            terms=TermsOut.model_validate(right.terms),
        )
        for _n, right in page.items
    ]
    return Page(items=shown, next=page.next)
