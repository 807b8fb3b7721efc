"""Work on the card that lies on an encoder: what the pages and the JSON routes do alike."""

from sqlalchemy import Connection

from gateway.domain.card import CardState
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import GRANTS
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.encode_run import NO_KEYS
from gateway.runtime.house import House, LaidCard
from gateway.services import card_views, encode_jobs
from gateway.services.encode_jobs import JobView, Order
from gateway.storage.store import UnitOfWork


def laid_on(house: House, encoder: str) -> LaidCard:
    """What lies there now. Raises NotFoundError for an encoder nobody configured."""
    for laid in house.encoders.laid():
        if laid.encoder == encoder:
            return laid
    raise NotFoundError("There is no encoder %(encoder)s.", encoder=encoder)


def found_on(house: House, encoder: str, uid: bytes) -> FoundCard:
    """The card somebody saw there, if it still lies there and is known: never another one slipped in between."""
    laid = laid_on(house, encoder)
    if laid.card is None:
        raise ConflictError("The card was taken off the encoder. Lay it back, then issue it.")
    if laid.card.uid != uid:
        raise ConflictError("Another card lies on the encoder now. Look again, then issue it.")
    if laid.found is None:
        raise ConflictError("The card is still being read. Wait a moment, or lay it down again.")
    return laid.found


def is_written(found: FoundCard) -> bool:
    """Whether work at the encoder is needed; what carries no number of ours is issued by its UID at once."""
    return found.state is not FoundState.UID_ONLY


def kind_of(house: House, conn: Connection, uid: bytes) -> str:
    """The kind of a card that is issued by its UID: as an encoder sees it, else as it came into stock.

    Raises ConflictError for a card on an encoder that must be written, or that is not known yet.
    """
    laid = next((laid for laid in house.encoders.laid() if laid.card is not None and laid.card.uid == uid), None)
    if laid is not None:
        found = found_on(house, laid.encoder, uid)
        if is_written(found):
            raise ConflictError(
                "A number of ours can be written on this card, so its UID alone is not enough. "
                "Order the work at the encoder instead."
            )
        return found.kind.value
    known = card_views.by_uid(conn, uid)
    return CardKind.UID.value if known is None or known.state is not CardState.BLANK else known.kind


def is_issued_by_uid(order: Order, found: FoundCard) -> bool:
    """Whether this order needs no work at the encoder at all."""
    return order.what in GRANTS and not is_written(found)


def look_where(house: House, job: JobView) -> None:
    """The card of this work may lie on an encoder now: what has become of the work goes on at once."""
    for laid in house.encoders.laid():
        if laid.card is not None and laid.card.uid == job.uid:
            house.encoding.look_again(laid.encoder)


def plan(uow: UnitOfWork, house: House, version: int | None, order: Order, found: FoundCard) -> JobView:
    """Plans the work in this transaction. ``version`` is that of the card keys, read before it began."""
    if version is None:
        raise ConflictError(NO_KEYS)
    return encode_jobs.plan(uow, order, found, house.encoding.templates, version)
