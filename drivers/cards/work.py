"""What can be done with the card on an encoder, whatever its kind: implements gateway.ports.cards.CardWork."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from drivers.cards import classic, desfire, fmcos, gate
from drivers.cards.answers import if_it_can
from drivers.cards.exchange import Procedure, run
from drivers.cards.identify import identify
from drivers.cards.presence import require_same
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import (
    CardError,
    CardGarbledError,
    CardKeys,
    CardKindError,
    CardSwappedError,
    CardTransport,
    EncodePlan,
    FoundCard,
    FoundState,
    GateReading,
    OnStep,
)

Random = Callable[[int], bytes]
T = TypeVar("T")


class CardProcedures(Protocol):
    """What each kind of card that can be written offers. Everything raises CardError only."""

    def look(
        self,
        uid: bytes,
        kind: CardKind,
        keys: CardKeys | None,
        templates: CardTemplates,
        *,
        site_number: int,
        random: Random,
    ) -> Procedure[FoundCard]:
        """What lies there; nothing is changed."""

    def read_number(
        self, uid: bytes, kind: CardKind, keys: CardKeys, templates: CardTemplates, *, site_number: int, random: Random
    ) -> Procedure[CardData | None]:
        """What a gate asks: None when it is no card of ours; CardError when it could not be read."""

    def personalise(self, plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
        """As CardWork.personalise."""

    def steps(self, plan: EncodePlan, /) -> Sequence[str]:
        """As CardWork.steps."""

    def wipe(self, plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
        """As CardWork.wipe."""

    def wipe_steps(self, plan: EncodePlan, /) -> Sequence[str]:
        """As CardWork.wipe_steps."""


_KINDS: Final[Mapping[CardKind, CardProcedures]] = {
    CardKind.CLASSIC: classic,
    CardKind.DESFIRE_EV1: desfire,
    CardKind.DESFIRE_EV2: desfire,
    CardKind.FMCOS: fmcos,
}


def procedures_of(kind: CardKind) -> CardProcedures:
    """Raises CardKindError for a kind that cannot be written."""
    found = _KINDS.get(kind)
    if found is None:
        raise CardKindError("Nothing can be written on a card of this kind: issue it by its UID, or take another card.")
    return found


class CardDesk:
    """Implements CardWork for the site with this number. ``random`` gives bytes that nobody can foresee."""

    def __init__(self, site_number: int, random: Random = os.urandom) -> None:
        self._site_number = site_number
        self._random = random

    def steps(self, plan: EncodePlan) -> Sequence[str]:
        """As CardWork.steps."""
        return procedures_of(plan.kind).steps(plan)

    def wipe_steps(self, plan: EncodePlan) -> Sequence[str]:
        """As CardWork.wipe_steps."""
        return procedures_of(plan.kind).wipe_steps(plan)

    async def look(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> FoundCard:
        """As CardWork.look. Raises CardKindError for a card or phone that draws a random UID."""
        return await run(self._look(card.atr, keys, templates), card)

    async def read(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> GateReading:
        """As CardWork.read."""
        reading = gate.read(card.atr, keys, templates, site_number=self._site_number, random=self._random)
        return await run(reading, card)

    async def personalise(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        """As CardWork.personalise."""
        procedure = procedures_of(plan.kind).personalise(plan, keys, self._random)
        await run(unless_swapped(plan.uid, procedure), card, on_step)

    async def wipe(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        """As CardWork.wipe."""
        procedure = procedures_of(plan.kind).wipe(plan, keys, self._random)
        await run(unless_swapped(plan.uid, procedure), card, on_step)

    def _look(self, atr: bytes, keys: CardKeys | None, templates: CardTemplates) -> Procedure[FoundCard]:
        kind, uid = yield from identify(atr)
        otherwise = FoundCard(uid, CardKind.UID, FoundState.UID_ONLY)
        if kind not in _KINDS:
            return otherwise
        look = _KINDS[kind].look(uid, kind, keys, templates, site_number=self._site_number, random=self._random)
        return (yield from if_it_can(look, otherwise))


def unless_swapped(uid: bytes, procedure: Procedure[T]) -> Procedure[T]:
    """What fails because another card lies there by now is told as that: raises CardSwappedError instead."""
    try:
        return (yield from procedure)
    except CardSwappedError:
        raise
    except CardError as error:
        try:
            yield from require_same(uid)
        except CardSwappedError as swapped:
            raise swapped from error
        except CardGarbledError:
            pass  # what went wrong first says more
        raise
