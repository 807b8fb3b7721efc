"""Cards that are more than a UID: what the core asks of drivers.cards, and what a card may answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports import Device, DeviceError

KEY_SIZE: Final = 16
FACTORY: Final = 0
"""The key version of a card as the factory made it."""


class KeyPurpose(StrEnum):
    """What a card master key is for. All are AES-128 and diversified for each card; none is ever on two cards.

    Readers hold READ, ISSUER and PROOF. With the last a CPU card proves that it is no copy; on DESFire it lies unused.
    """

    PICC = "picc"
    APPLICATION = "application"
    READ = "read"
    WRITE = "write"
    COUNTER = "counter"
    PROOF = "proof"
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True)
class CardKeySet:
    """The master keys of one version (1 to 255). Shows none of them."""

    version: int
    keys: Mapping[KeyPurpose, bytes]

    def __repr__(self) -> str:
        return f"CardKeySet({self.version}, …)"


@dataclass(frozen=True, slots=True)
class CardKeys:
    """Every version that cards may still carry; ``current`` is the one that is written.

    ``likely``: what the card that lies there should carry, when its UID is one that we know. A MIFARE Classic card says
    its version to nobody, so that during a change of keys only this tells an old card of ours from a foreign one.
    """

    current: int
    sets: Mapping[int, CardKeySet]
    likely: int | None = None

    def in_order(self) -> Sequence[CardKeySet]:
        """The most likely first: ``likely``, then the current, then the newest."""
        wanted = [version for version in (self.likely, self.current) if version in self.sets]
        versions = dict.fromkeys([*wanted, *sorted(self.sets, reverse=True)])
        return [self.sets[version] for version in versions if version is not None]


class CardError(DeviceError):
    """The card did not do what it was asked; what is on it is known to be unchanged or will be read back."""


class CardKindError(CardError):
    """A card of another kind, or one that cannot be written."""


class CardSwappedError(CardError):
    """Another card lies there than the one the work began with."""


class CardForeignError(CardError):
    """Someone else's keys are on the card: neither the factory's nor ours open it."""


class CardLockedError(CardError):
    """Another wrong key could lock the card for ever: the work stops before that."""


class CardRefusedError(CardError):
    """The card answered with an error status."""


class CardGarbledError(CardError):
    """The answer is not what such a card says: wrong length, wrong MAC, or data that was not written."""


class CardTransport(Protocol):
    """One card from the moment it was laid down until it is lifted; the next card laid down is another one."""

    @property
    def atr(self) -> bytes:
        """Answer to reset, as PC/SC gives it."""

    async def transmit(self, apdu: bytes) -> bytes:
        """One command and its answer with status bytes.

        Raises DeviceOfflineError when the card or its reader is gone: whether the command was carried out is unknown.
        """


class CardEncoder(Device, Protocol):
    """A desk encoder, or a reader at a gate that cards can be spoken to through."""

    def card(self) -> CardTransport:
        """The card that lies there now. Raises DeviceRefusedError when there is none."""


class FoundState(StrEnum):
    """What a card that lies on an encoder is to us."""

    BLANK = "blank"  # as the factory made it: can be written
    OURS = "ours"  # whole, its number read and its CMAC checked
    TORN = "torn"  # our work on it began and is not whole: finish it, or wipe it
    FOREIGN = "foreign"  # someone else's keys: cannot be written
    LOCKED = "locked"  # no tries are left, or too few to try
    UID_ONLY = "uid-only"  # nothing can be written on it


@dataclass(frozen=True, slots=True)
class FoundCard:
    """``data`` when it is ours; ``key_version`` whose keys opened it; ``tries_left`` where the card counts tries."""

    uid: bytes
    kind: CardKind
    state: FoundState
    data: CardData | None = None
    key_version: int | None = None
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class GateReading:
    """A card at a gate. ``data`` is None for a card without our application: its UID is all it has to show."""

    uid: bytes
    data: CardData | None


@dataclass(frozen=True, slots=True)
class EncodePlan:
    """What shall stand on which card. Holds no secret. ``before``: the key version it carries now, or FACTORY."""

    uid: bytes
    kind: CardKind
    data: CardData
    templates: CardTemplates
    before: int = FACTORY


ReadCard = Callable[[CardTransport], Awaitable[GateReading]]
"""CardWork.read with the site's keys and templates: what a reader at a gate is given."""

OnStep = Callable[[int], Awaitable[None]]
"""Called before the commands of each step, numbered from 0; the work waits until it returns."""


class CardWork(Protocol):
    """What can be done with a card on an encoder. Implemented by drivers.cards.

    Every method raises only CardError, or DeviceOfflineError when the card or reader is gone; each spends at most two
    wrong keys. The UID is checked before each group of writes.
    """

    def steps(self, plan: EncodePlan) -> Sequence[str]:
        """What :meth:`personalise` does, step by step: short English phrases for the page."""

    async def look(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> FoundCard:
        """Says what lies there; changes nothing on it. Without keys ours cannot be told from foreign."""

    async def read(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> GateReading:
        """What a gate needs: the number if the card is ours, in the fewest commands.

        Raises CardError or DeviceOfflineError when that cannot be told: then nobody was presented.
        """

    async def personalise(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        """Brings the card to the plan, from whatever state an earlier try left it in, and reads it back.

        Returns only when everything stands on the card as planned.
        """

    async def wipe(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        """Takes our application, data and keys off again: the card is as the factory made it. ``on_step`` as above."""

    def wipe_steps(self, plan: EncodePlan) -> Sequence[str]:
        """What :meth:`wipe` does, step by step."""
