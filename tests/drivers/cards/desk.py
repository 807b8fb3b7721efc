"""The keys, cards and plans that the tests of cards share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from drivers.cards.exchange import Procedure, drive
from gateway.domain.card_data import CardData, CardKind, HolderClass
from gateway.domain.card_template import CardTemplates, DesfireTemplate
from gateway.ports.cards import FACTORY, CardKeys, CardKeySet, EncodePlan, KeyPurpose
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal

T = TypeVar("T")
SITE: Final = 0x0102
UID: Final = bytes.fromhex("04A1B2C3D4E5F6")
TEMPLATES: Final = CardTemplates()


def key_set(version: int) -> CardKeySet:
    return CardKeySet(version, {p: bytes([version, n]) * 8 for n, p in enumerate(KeyPurpose, 1)})


def keys(*versions: int) -> CardKeys:
    """The last one is current."""
    return CardKeys(versions[-1], {version: key_set(version) for version in versions})


def data(version: int, number: int = 1) -> CardData:
    return CardData(SITE, number.to_bytes(8), 1_700_000_000 + version, version, HolderClass.TENANT)


def plan(
    kind: CardKind,
    version: int,
    number: int = 1,
    *,
    before: int = FACTORY,
    templates: CardTemplates = TEMPLATES,
    uid: bytes = UID,
) -> EncodePlan:
    return EncodePlan(uid, kind, data(version, number), templates, before)


def counting() -> Callable[[int], bytes]:
    """Bytes that look drawn and are the same in every run."""
    state = 0

    def draw(size: int) -> bytes:
        nonlocal state
        state += 1
        return (state * 2654435761 % 2**32).to_bytes(4) * (size // 4) + bytes(size % 4)

    return draw


@dataclass(slots=True)
class Tap:
    """A card under a reader. ``refusals``: how often it said that a key was wrong."""

    card: InProcess
    mortal: Mortal
    refused: bytes = b"\x91\xae"
    refusals: int = 0

    @classmethod
    def of(cls, name: str, uid: bytes = UID) -> "Tap":
        mortal = Mortal(make(name, uid))
        return cls(InProcess(mortal), mortal)

    def run(self, procedure: Procedure[T]) -> T:
        """Lays the card down anew and does this with it."""
        self.card.sent.clear()
        self.refusals = 0
        self.card.lay()
        return drive(procedure, self.answer)

    def answer(self, apdu: bytes) -> bytes:
        reply = self.card.answer(apdu)
        self.refusals += reply.endswith(self.refused)
        return reply


def with_options(*, forbid_format: bool = False) -> CardTemplates:
    return CardTemplates(desfire=DesfireTemplate(forbid_format=forbid_format))
