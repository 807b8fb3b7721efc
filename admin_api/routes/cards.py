"""Cards: stock, issue, loss, and everything after. Each act is one transaction with all that follows from it.

An answer comes after the commit. A card that was revoked is off the gateway's own lists then and on its way
to every controller; `/cards/{id}/reach` tells gate by gate whether it has arrived.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from admin_api import encoding
from admin_api.mutations import Call, reads, writes
from admin_api.roles import DESK, DESK_READ, LOSS, POST
from admin_api.schemas.base import AfterId, Hex, Limit, Page, RowId, page_of, seconds
from admin_api.schemas.cards import (
    CardNumber,
    CardOut,
    CardsOut,
    DefectIn,
    HandOut,
    IssueIn,
    ReasonIn,
    RenewIn,
    ReportIn,
    ReturnIn,
    StockIn,
    WithdrawIn,
)
from admin_api.schemas.record import RecordOut
from gateway.domain.card import CardState
from gateway.domain.errors import ForbiddenError, NotFoundError
from gateway.domain.identity import parse_uid
from gateway.services import cards
from gateway.services.cards import CardView
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1/cards", tags=["cards"])

Look = Annotated[Call, Depends(reads(DESK_READ))]
Desk = Annotated[Call, Depends(writes(DESK))]
Loss = Annotated[Call, Depends(writes(LOSS))]
Confiscate = Annotated[Call, Depends(writes(DESK | POST))]


@router.get("", summary="The cards")
def list_cards(
    call: Look,
    *,
    after: AfterId = 0,
    limit: Limit = 100,
    state: CardState | None = None,
    unit_id: RowId | None = None,
    holder_id: RowId | None = None,
    number: Annotated[CardNumber | None, Query(description="How the printed number begins.")] = None,
) -> Page[CardOut]:
    """Oldest first."""
    with call.read() as conn:
        found = cards.list_cards(
            conn, after=after, limit=limit + 1, state=state, unit_id=unit_id, holder_id=holder_id, number=number
        )
    return page_of([CardOut.model_validate(card) for card in found], limit, lambda card: card.id)


@router.get("/by-uid/{uid}", summary="Whose card this is", response_model=CardOut)
def by_uid(uid: Hex, call: Look) -> Response:
    """The card someone holds, or else the last one known by this UID."""
    with call.read() as conn:
        card = cards.by_uid(conn, parse_uid(uid))
    if card is None:
        raise NotFoundError("No card with the UID %(uid)s is known.", uid=uid)
    return call.show(CardOut.model_validate(card))


@router.post("", summary="Take cards into stock", status_code=201, response_model=CardsOut)
def stock_in(body: StockIn, call: Desk) -> Response:
    """All of them or none; a number or UID that is known is refused with 409."""
    blanks = [blank.blank() for blank in body.cards]
    return call.write(
        lambda uow: CardsOut(items=[CardOut.model_validate(card) for card in cards.stock_in(uow, blanks)]), status=201
    )


@router.post("/issue", summary="Hand out a card", status_code=201, response_model=CardOut)
def issue(body: IssueIn, call: Desk) -> Response:
    """A card that is known by its UID, from stock or a new one, to someone on file, opening their doors at once.

    409 names the holder when the UID already belongs to someone, or says that the card on the encoder has to be
    written (`POST /encode-jobs`); 422 names the rule, such as R-CARD-1 for a unit that was not handed over.
    """
    handed = body.handed()

    def act(uow: UnitOfWork) -> CardOut:
        kind = encoding.kind_of(call.house, uow.conn, handed["uid"])
        return _card(cards.issue(uow, call.house.keys, kind=kind, **handed))

    return call.write(act, status=201)


@router.get("/{card_id}", summary="One card", response_model=CardOut)
def get_card(card_id: RowId, call: Look) -> Response:
    """With the entity tag a change may be guarded by."""
    with call.read() as conn:
        return call.show(_card(cards.get(conn, card_id)))


@router.get("/{card_id}/story", summary="What was done with a card")
def story(card_id: RowId, call: Look, after: AfterId = 0, limit: Limit = 100) -> Page[RecordOut]:
    """Oldest first."""
    with call.read() as conn:
        found = cards.story(conn, card_id, limit + 1, after=after)
    return page_of([RecordOut.of(record) for record in found], limit, lambda record: record.seq)


@router.post("/{card_id}/report-loss", summary="Report a card lost", response_model=CardOut)
def report_loss(card_id: RowId, body: ReportIn, call: Loss) -> Response:
    """It stops at every gate. A guard suspends it; only the desk records it as lost for good."""
    if not body.provisional and not call.caller.may(DESK):
        raise ForbiddenError("A guard suspends a card; the desk confirms the loss.")
    return _act(call, card_id, lambda uow: cards.report_loss(uow, call.house.keys, card_id, **body.model_dump()))


@router.post("/{card_id}/confirm-loss", summary="Confirm a loss at the desk", response_model=CardOut)
def confirm_loss(card_id: RowId, call: Desk) -> Response:
    """The holder, or a proxy with papers, came to the desk."""
    return _act(call, card_id, lambda uow: cards.confirm_loss(uow, call.house.keys, card_id))


@router.post("/{card_id}/withdraw-loss", summary="A lost card was found", response_model=CardOut)
def withdraw_loss(card_id: RowId, body: WithdrawIn, call: Desk) -> Response:
    """Not after it was replaced."""
    return _act(call, card_id, lambda uow: cards.withdraw_loss(uow, call.house.keys, card_id, **body.model_dump()))


@router.post("/{card_id}/freeze", summary="Suspend a card", response_model=CardOut)
def freeze(card_id: RowId, body: ReasonIn, call: Desk) -> Response:
    """After an incident; arrears are none (R-CARD-25)."""
    return _act(call, card_id, lambda uow: cards.freeze(uow, call.house.keys, card_id, reason=body.reason))


@router.post("/{card_id}/unfreeze", summary="End a suspension", response_model=CardOut)
def unfreeze(card_id: RowId, call: Desk) -> Response:
    """It opens again."""
    return _act(call, card_id, lambda uow: cards.unfreeze(uow, call.house.keys, card_id))


@router.post("/{card_id}/cancel", summary="End a card for good", response_model=CardOut)
def cancel(card_id: RowId, body: ReasonIn, call: Desk) -> Response:
    """Arrears are no reason (R-CARD-25)."""
    return _act(call, card_id, lambda uow: cards.cancel(uow, call.house.keys, card_id, reason=body.reason))


@router.post("/{card_id}/confiscate", summary="A guard took the card", response_model=CardOut)
def confiscate(card_id: RowId, body: ReasonIn, call: Confiscate) -> Response:
    """It stops at once; the office decides what becomes of it."""
    return _act(call, card_id, lambda uow: cards.confiscate(uow, call.house.keys, card_id, reason=body.reason))


@router.post("/{card_id}/restore", summary="Give a confiscated card back", response_model=CardOut)
def restore(card_id: RowId, call: Desk) -> Response:
    """It opens again."""
    return _act(call, card_id, lambda uow: cards.restore(uow, call.house.keys, card_id))


@router.post("/{card_id}/return", summary="The holder gives the card back", response_model=CardOut)
def return_card(card_id: RowId, body: ReturnIn, call: Desk) -> Response:
    """It ends first; the deposit is paid out after."""
    return _act(call, card_id, lambda uow: cards.return_card(uow, call.house.keys, card_id, receipt=body.receipt))


@router.post("/{card_id}/report-defect", summary="A card does not work any more", response_model=CardOut)
def report_defect(card_id: RowId, body: DefectIn, call: Desk) -> Response:
    """It waits to be exchanged."""
    return _act(call, card_id, lambda uow: cards.report_defect(uow, call.house.keys, card_id, note=body.note))


@router.post(
    "/{card_id}/replace", summary="A new card for a lost or defective one", status_code=201, response_model=CardOut
)
def replace(card_id: RowId, body: HandOut, call: Desk) -> Response:
    """By another one that is known by its UID; the old one ends first. Answers with the new card.

    409 says when the card on the encoder has to be written (`POST /encode-jobs`).
    """
    handed = body.handed()

    def act(uow: UnitOfWork) -> CardOut:
        kind = encoding.kind_of(call.house, uow.conn, handed["uid"])
        return _card(cards.replace(uow, call.house.keys, card_id, kind=kind, **handed))

    return call.write(act, status=201, current=lambda conn: _card(cards.get(conn, card_id)))


@router.post("/{card_id}/renew", summary="Give a card a new end", response_model=CardOut)
def renew(card_id: RowId, body: RenewIn, call: Desk) -> Response:
    """Set absolutely, counted from today: twice is once."""
    until = seconds(body.valid_until)
    return _act(
        call,
        card_id,
        lambda uow: cards.renew(
            uow, call.house.keys, card_id, valid_until=until, receipt=body.receipt, waived=body.waived
        ),
    )


@router.post("/{card_id}/recover", summary="Take a cancelled card back into stock", response_model=CardOut)
def recover(card_id: RowId, call: Desk) -> Response:
    """Deliberately; it carries nothing of its past but its story.

    422 (R-CARD-21) for a card on which our number stands: it comes back by being wiped (`POST /encode-jobs`).
    """
    return _act(call, card_id, lambda uow: cards.recover(uow, call.house.keys, card_id))


@router.post("/{card_id}/scrap", summary="A card was destroyed", response_model=CardOut)
def scrap(card_id: RowId, call: Desk) -> Response:
    """The end of it."""
    return _act(call, card_id, lambda uow: cards.scrap(uow, call.house.keys, card_id))


def _act(call: Call, card_id: int, act: Callable[[UnitOfWork], CardView]) -> Response:
    """One change of one card, guarded by ``If-Match`` when it was sent."""

    def current(conn: Connection) -> CardOut:
        return _card(cards.get(conn, card_id))

    return call.write(lambda uow: _card(act(uow)), current=current)


def _card(view: CardView) -> CardOut:
    return CardOut.model_validate(view)
