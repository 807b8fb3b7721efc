"""Every kind of card that can be played, by the name it has on the command line."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.domain.errors import MalformedError
from simulators.cards.classic.chip import CLASSIC_1K, CLASSIC_4K, ClassicChip
from simulators.cards.classic.reader import ClassicReader
from simulators.cards.desfire import EV1, EV2, EV3, DesfireCard
from simulators.cards.fmcos.card import FmcosCard
from simulators.cards.reader import Reader
from simulators.cards.state import StoredCard
from simulators.devices.vcard import UidCard

_MAKERS: Final[Mapping[str, Callable[[bytes], StoredCard]]] = {
    "uid": UidCard,
    "classic": lambda uid: ClassicReader(ClassicChip(uid, CLASSIC_1K)),
    "classic-4k": lambda uid: ClassicReader(ClassicChip(uid, CLASSIC_4K)),
    "fmcos": lambda uid: Reader(FmcosCard(uid)),
    "desfire-ev1": lambda uid: Reader(DesfireCard(uid, EV1)),
    "desfire-ev2": lambda uid: Reader(DesfireCard(uid, EV2)),
    "desfire-ev3": lambda uid: Reader(DesfireCard(uid, EV3)),
}
_UID_SIZES: Final[Mapping[str, frozenset[int]]] = {
    "uid": frozenset({4, 7, 10}),
    "classic": frozenset({4, 7}),
    "classic-4k": frozenset({4, 7}),
    "fmcos": frozenset({4}),
    "desfire-ev1": frozenset({7}),
    "desfire-ev2": frozenset({7}),
    "desfire-ev3": frozenset({7}),
}
KINDS: Final = tuple(_MAKERS)
_SEVEN_BYTES: Final = "desfire"
_RANDOM, _CASCADE = 0x08, 0x88


def make(kind: str, uid: bytes) -> StoredCard:
    """A card as the factory made it. Raises MalformedError when such a card cannot have this UID."""
    sizes = sorted(_UID_SIZES[kind])
    if len(uid) not in sizes:
        raise MalformedError(
            "The UID of a card of the kind %(kind)s has %(sizes)s bytes; %(uid)s has %(length)s.",
            kind=kind,
            sizes=" or ".join(map(str, sizes)),
            uid=uid.hex().upper(),
            length=len(uid),
            fields={"uid": "wrong length"},
        )
    return _MAKERS[kind](uid)


def draw_uid(kind: str, random: Callable[[int], bytes]) -> bytes:
    """A UID as such cards have it: 7 bytes from NXP (04 …) for DESFire, else 4, no random one and no cascade tag."""
    if kind.startswith(_SEVEN_BYTES):
        return b"\x04" + random(6)
    while (uid := random(4))[0] in {_RANDOM, _CASCADE}:
        pass
    return uid
