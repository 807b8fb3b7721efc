"""Personalising a MIFARE Classic card and wiping it again, from whatever state an earlier try left it in.

The trailer is written last: until then the old keys open the sector, and every write before it can be repeated.
"""

from collections.abc import Callable, Sequence
from typing import Final

from drivers.cards.classic import layout
from drivers.cards.classic.protocol.sector import FACTORY_TRAILER, Trailer
from drivers.cards.classic.sector import BLANK, Opener, Sector, reader, writer
from drivers.cards.exchange import Procedure, Step
from drivers.cards.presence import require_same
from drivers.cards.secrets import CardSecrets, keyset_of
from drivers.cards.tries import Tries
from gateway.domain.card_data import CardKind
from gateway.ports.cards import FACTORY, CardGarbledError, CardKeys, EncodePlan

_STEPS: Final = (
    "Find out what is on the card",
    "Write the number and the counter",
    "Write the keys",
    "Read everything back",
)
_WIPE_STEPS: Final = (
    "Find out what is on the card",
    "Erase the number and the counter",
    "Put the maker's keys back",
    "Check that nothing is left",
)


def steps(plan: EncodePlan) -> Sequence[str]:  # noqa: ARG001 - the same for every card of this kind
    """The steps of :func:`personalise`, as CardWork.steps."""
    return _STEPS


def wipe_steps(plan: EncodePlan) -> Sequence[str]:  # noqa: ARG001 - the same for every card of this kind
    """The steps of :func:`wipe`, as CardWork.wipe_steps."""
    return _WIPE_STEPS


def personalise(plan: EncodePlan, keys: CardKeys, random: Callable[[int], bytes]) -> Procedure[None]:  # noqa: ARG001 - CRYPTO1 is the reader's business
    """As CardWork.personalise. A card that already stands as planned is only read."""
    work = _Work(plan, keys)
    yield Step(0)
    opened = yield from work.sector.open_any(work.openers())
    is_new = opened == work.new.version
    if not (is_new and (yield from work.sector.holds(work.blocks, work.trailer))):
        yield Step(1)
        yield from work.write(work.blocks)
        yield Step(2)
        yield from work.write_trailer(work.trailer)
    yield Step(3)
    yield from work.verify([reader(work.new), writer(work.new)], work.blocks, work.trailer)


def wipe(plan: EncodePlan, keys: CardKeys, random: Callable[[int], bytes]) -> Procedure[None]:  # noqa: ARG001 - as above
    """As CardWork.wipe: zeros, and the factory's keys and access bits."""
    work = _Work(plan, keys)
    yield Step(0)
    opened = yield from work.sector.open_any(work.openers())
    yield Step(1)
    yield from work.write(layout.EMPTY)
    if opened != FACTORY:
        yield Step(2)
        yield from work.write_trailer(FACTORY_TRAILER)
    yield Step(3)
    yield from work.verify([BLANK], layout.EMPTY, FACTORY_TRAILER)


class _Work:
    """One plan on one card."""

    def __init__(self, plan: EncodePlan, keys: CardKeys) -> None:
        self._plan = plan
        self._keys = keys
        self.sector = Sector(plan.templates.classic.sector, Tries())
        self.new = self._secrets(plan.data.key_version)
        self.blocks = layout.data_blocks(plan.data, plan.uid, self.new, plan.templates.classic.sector)
        self.trailer = layout.trailer(self.new)

    def openers(self) -> Sequence[Opener]:
        """What the card may be open to, the likelier first: two, as no more than two may be wrong."""
        before, new = self._plan.before, writer(self.new)
        if before == FACTORY:
            return [BLANK, new]
        if before != self.new.version and before in self._keys.sets:
            return [writer(self._secrets(before)), new]
        return [new, BLANK]

    def write(self, blocks: Sequence[bytes]) -> Procedure[None]:
        """Into the open sector, if it is still the same card."""
        yield from require_same(self._plan.uid)
        yield from self.sector.write(blocks)

    def write_trailer(self, trailer: Trailer) -> Procedure[None]:
        """Into the open sector, if it is still the same card."""
        yield from require_same(self._plan.uid)
        yield from self.sector.write_trailer(trailer)

    def verify(self, openers: Sequence[Opener], blocks: Sequence[bytes], trailer: Trailer) -> Procedure[None]:
        """Raises CardError unless each key opens the sector and everything stands there."""
        for opener in openers:
            yield from self.sector.open(opener)
        if not (yield from self.sector.holds(blocks, trailer)):
            raise CardGarbledError("What was written does not stand on the card: lay it down again.")

    def _secrets(self, version: int) -> CardSecrets:
        plan = self._plan
        keyset = keyset_of(self._keys, version)
        return CardSecrets.of(keyset, plan.uid, CardKind.CLASSIC, plan.templates, plan.data.site_number)
