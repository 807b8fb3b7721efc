"""Virtual cards that note what no card may ever see: a third wrong key, and sectors that nobody can open again."""

from dataclasses import dataclass, field
from typing import Any

from simulators.cards.catalogue import make
from simulators.cards.mortal import Mortal
from simulators.cards.state import StoredCard

MOST_WRONG_KEYS = 2
_UPDATE, _TRAILER_SIZE, _WRONG_KEY_AT_READER = 0xD6, 16, {0x86, 0x88}
_DESFIRE_WRONG_KEY, _DESFIRE_MORE = b"\x91\xae", 0xAF
_COUNTED_KEYS = frozenset({0x36, 0x37, 0x38, 0x39})


@dataclass
class Watched:
    """Implements CardLogic over a card of the catalogue. ``most``: the most wrong keys that any tap brought."""

    kind: str
    card: StoredCard
    wrong: int = 0
    most: int = 0
    faults: list[str] = field(default_factory=list)

    def atr(self) -> bytes:
        return self.card.atr()

    def answer(self, apdu: bytes) -> bytes:
        if self.kind == "classic" and apdu[:2] == bytes((0xFF, _UPDATE)) and apdu[3] % 4 == 3:
            self._require_sound(apdu)
        reply = self.card.answer(apdu)
        if _is_wrong_key(apdu, reply):
            self.wrong += 1
            self.most = max(self.most, self.wrong)
        return reply

    def reset(self) -> None:
        self.card.reset()

    def tap(self) -> None:
        """A hand lays it down: tries are counted from here."""
        self.wrong = 0

    def _require_sound(self, apdu: bytes) -> None:
        """The access bits stand there twice, once inverted (MF1S50yyX_V1, 8.7.1); else the sector is lost for ever."""
        trailer = apdu[5:]
        six, seven, eight = trailer[6:9] if len(trailer) == _TRAILER_SIZE else (0, 0, 0)
        c1, c2, c3 = seven >> 4, eight & 15, eight >> 4
        if six != (~c2 & 15) << 4 | ~c1 & 15 or seven & 15 != ~c3 & 15:
            self.faults.append(f"an invalid trailer: {apdu.hex()}")

    def assert_sound(self) -> None:
        """No tap brought a third wrong key, every trailer was valid, and every counter has two tries at least."""
        assert self.most <= MOST_WRONG_KEYS
        assert self.faults == []
        if self.kind == "fmcos":
            assert min(_tries(self.card.dump()["mf"]), default=15) >= 2


def mortal(kind: str, uid: bytes) -> tuple[Mortal, Watched]:
    """A card from the box, and who watches it."""
    watched = Watched(kind, make(kind, uid))
    return Mortal(watched), watched


def _is_wrong_key(apdu: bytes, reply: bytes) -> bool:
    if apdu[:1] == b"\xff":
        return apdu[1] in _WRONG_KEY_AT_READER and reply != b"\x90\x00"
    if apdu[1:2] == bytes((_DESFIRE_MORE,)):
        return reply[-2:] == _DESFIRE_WRONG_KEY
    return len(reply) == 2 and reply[0] == 0x63 and reply[1] & 0xF0 == 0xC0


def _tries(directory: dict[str, Any]) -> list[int]:
    """What is left of each counter, from this directory down."""
    own = [
        key["fourth"] & 15 for key in (directory["key_file"] or {"keys": ()})["keys"] if key["type"] in _COUNTED_KEYS
    ]
    return own + [left for child in directory["children"] for left in _tries(child)]
