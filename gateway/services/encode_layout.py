"""Which card the work is for, and what shall stand on it: the rules for each kind of work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from gateway.domain.card import HELD, CardEvent, CardState, next_state
from gateway.domain.card_data import NUMBER_SIZE, CardData, HolderClass
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobKind
from gateway.domain.errors import ConflictError, MalformedError, RuleViolationError
from gateway.domain.person import Proof, Relation
from gateway.ports.cards import FACTORY, EncodePlan, FoundCard, FoundState
from gateway.services import card_views, encode_views
from gateway.services.card_issue import free_exchange, replaceable
from gateway.services.card_reserve import Handover, judge, refuse_known, take_card
from gateway.services.card_views import CardView
from gateway.services.encode_orders import Order, digest_of, plan_as_json
from gateway.storage.store import Actor, UnitOfWork
from gateway.storage.tables import cards, site

Random = Callable[[int], bytes]

_CLASSES: Final[Mapping[Relation, HolderClass]] = {
    Relation.OWNER: HolderClass.RESIDENT,
    Relation.FAMILY: HolderClass.RESIDENT,
    Relation.TENANT: HolderClass.TENANT,
    Relation.HELPER: HolderClass.STAFF,
}
_HOPELESS: Final[Mapping[FoundState, str]] = {
    FoundState.FOREIGN: "Someone else's keys are on this card; nothing can be written on it. Use another card.",
    FoundState.LOCKED: "This card allows no further tries with a key; nothing can be written on it. Use another card.",
    FoundState.UID_ONLY: "Nothing can be written on this card. Issue it by its UID, or use a card with a chip for it.",
}
_NOT_BLANK: Final[Mapping[FoundState, str]] = {
    FoundState.OURS: "A number of ours is on this card already, but no card in the books has it. Wipe it first.",
    FoundState.TORN: "This card was left half-written. Wipe it first; then it can be written anew.",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """``card_id``: None when no card in the books lies there. ``before``: whose keys are on it now, or FACTORY.

    ``blank`` is the row in stock as it was, so that it can go back.
    """

    card_id: int | None
    number: bytes
    holder_class: HolderClass
    before: int
    blank: dict[str, Any] | None = None
    beyond_quota: bool = False


def lay_out(uow: UnitOfWork, order: Order, found: FoundCard, by: Actor, random: Random) -> Layout:
    """Raises RuleViolationError or ConflictError when this card cannot become what was ordered."""
    if found.state in _HOPELESS:
        raise ConflictError(_HOPELESS[found.state])
    match order.what:
        case JobKind.ISSUE | JobKind.REPLACE:
            return _reserve(uow, order, found, by, random)
        case JobKind.REENCODE:
            return _reencode(uow, order, found, random)
        case JobKind.WIPE:
            return _wipe(uow, order, found, random)
        case JobKind.RECOVER:
            return _recover(uow, found, random)


def columns_of(
    uow: UnitOfWork, order: Order, found: FoundCard, layout: Layout, templates: CardTemplates, *, key_version: int
) -> dict[str, Any]:
    """What the job's row says of the card and the plan."""
    number: int = uow.conn.execute(select(site.c.number)).scalar_one()
    version = (layout.before or key_version) if order.what in {JobKind.WIPE, JobKind.RECOVER} else key_version
    data = CardData(number, layout.number, uow.now, version, layout.holder_class)
    plan = EncodePlan(found.uid, found.kind, data, templates, layout.before)
    return {
        "card_id": layout.card_id, "uid": found.uid, "kind": found.kind.value, "key_version": version,
        "plan": plan_as_json(plan), "plan_digest": digest_of(plan),
    }  # fmt: skip


# --- A new card -----------------------------------------------------------------------------------


def handover_of(uow: UnitOfWork, order: Order) -> Handover:
    """What is to be handed out to whom; a replacement goes to the one who had the old card."""
    unit_id, person_id, receipt, replaces = order.unit_id, order.person_id, order.receipt, None
    if order.what is JobKind.REPLACE:
        old, unit_id, person_id = replaceable(uow, _card_id(order))
        receipt, replaces = receipt or free_exchange(uow, old), old.id
    if unit_id is None or person_id is None or order.proof is None:
        raise MalformedError("Say for whom the card is, and what the desk saw.", fields={"person_id": "who"})
    return Handover(
        unit_id, person_id, Proof(order.proof), number=order.number, receipt=receipt, waived=order.waived,
        beyond_quota=order.beyond_quota, valid_until=order.valid_until, replaces_id=replaces,
    )  # fmt: skip


def _reserve(uow: UnitOfWork, order: Order, found: FoundCard, by: Actor, random: Random) -> Layout:
    handover = handover_of(uow, order)
    ruling = judge(uow, handover, by)
    refuse_known(uow.conn, found.uid)
    if found.state in _NOT_BLANK:
        raise ConflictError(_NOT_BLANK[found.state])
    if handover.replaces_id is not None:
        _refuse_second(uow, handover.replaces_id)
    number = _new_number(uow, random)
    written = Handover(
        handover.unit_id, handover.person_id, handover.proof, found.uid, handover.number, found.kind.value, number,
        handover.receipt, handover.waived, handover.beyond_quota, handover.valid_until, handover.replaces_id,
    )  # fmt: skip
    taken = take_card(uow, written, ruling, CardState.RESERVED)
    blank = None if taken.blank is None else {"uid": _hex(taken.blank.uid), "kind": taken.blank.kind}
    return Layout(taken.card_id, number, _CLASSES[ruling.relation], FACTORY, blank, ruling.beyond_quota)


def _refuse_second(uow: UnitOfWork, old_id: int) -> None:
    """One card is replaced by one card: the unit is locked, so two desks take turns here."""
    c = cards.c
    query = select(c.id).where(c.replaces_id == old_id, c.state == CardState.RESERVED.value)
    other = uow.conn.execute(query).scalar()
    if other is not None:
        job = encode_views.open_for_card(uow.conn, other)
        raise ConflictError(
            "Another card is being written in place of this one; %(who)s began it. Finish or cancel that first.",
            who=job.created_by if job else "?",
            rule="R-CARD-16",
        )


def _new_number(uow: UnitOfWork, random: Random) -> bytes:
    while True:
        number = random(NUMBER_SIZE)
        taken = select(cards.c.id).where(cards.c.secure_number == number)
        if any(number) and uow.conn.execute(taken).first() is None:
            return number


def _hex(uid: bytes | None) -> str | None:
    return None if uid is None else uid.hex()


# --- A card that is in the books ------------------------------------------------------------------


def _card_id(order: Order) -> int:
    if order.card_id is None:
        raise MalformedError("Say which card this is about.", fields={"card_id": "which card"})
    return order.card_id


def _laid(uow: UnitOfWork, order: Order, found: FoundCard) -> CardView:
    """The card of the order, which must be the one on the encoder."""
    card = card_views.get(uow.conn, _card_id(order))
    if card.uid != found.uid:
        raise ConflictError(
            "The card on the encoder is not %(number)s. Lay the right card on it.",
            number=card.number,
            fields={"card_id": "another card"},
        )
    return card


def _reencode(uow: UnitOfWork, order: Order, found: FoundCard, random: Random) -> Layout:
    card = _laid(uow, order, found)
    if card.state is not CardState.ACTIVE:
        raise RuleViolationError(
            "R-CARD-27",
            "Card %(number)s is %(state)s; only an active card is written anew.",
            number=card.number,
            state=card.state,
        )
    number = card.secure_number or _new_number(uow, random)
    return Layout(card.id, number, _class_of(found), _before(found, card))


def _class_of(found: FoundCard) -> HolderClass:
    return found.data.holder_class if found.data else HolderClass.RESIDENT


def _wipe(uow: UnitOfWork, order: Order, found: FoundCard, random: Random) -> Layout:
    card = _laid(uow, order, found)
    next_state(card.state, CardEvent.RECOVER, number=card.number)
    return _as_it_is(uow, found, card, random)


def _recover(uow: UnitOfWork, found: FoundCard, random: Random) -> Layout:
    card = card_views.by_uid(uow.conn, found.uid)
    if card is not None and card.state in HELD:
        refuse_known(uow.conn, found.uid)
    if found.state is FoundState.BLANK:
        raise ConflictError("Nothing of ours is on this card; it can be issued as it is.")
    return _as_it_is(uow, found, card, random)


def _as_it_is(uow: UnitOfWork, found: FoundCard, card: CardView | None, random: Random) -> Layout:
    """What is thought to stand on a card that shall be wiped."""
    data = found.data
    number = data.number if data else (card.secure_number if card else None) or _new_number(uow, random)
    return Layout(None if card is None else card.id, number, _class_of(found), _before(found, card))


def _before(found: FoundCard, card: CardView | None) -> int:
    if found.state is FoundState.BLANK:
        return FACTORY
    known = card.key_version if card else None
    return found.key_version or known or FACTORY
