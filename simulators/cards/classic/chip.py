"""The chip of a MIFARE Classic card: blocks, keys, access conditions, value blocks.

NXP MF1S50yyX_V1 rev. 3.2 (1K) and MF1S70yyX_V1 rev. 3.2 (4K). CRYPTO1 itself is not played: it lies between the
reader and the card, where no PC/SC client can see it.
"""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Any, Final

from simulators.cards.classic import value
from simulators.cards.classic.access import DATA_RULES, TRAILER_RULES, DataRule, Key, TrailerRule, conditions

BLOCK: Final = 16
_FACTORY_KEY: Final = b"\xff" * 6
TRANSPORT_TRAILER: Final = _FACTORY_KEY + bytes.fromhex("FF078069") + _FACTORY_KEY
"""As the factory ships it (8.6.3): keys FF…, every block open, key B readable and so no key."""

_SMALL_SECTORS: Final = 32  # of four blocks each; those above have sixteen
_SMALL_BLOCKS: Final = _SMALL_SECTORS * 4


class NakError(Exception):
    """The card does not acknowledge; what was opened is shut again."""


@dataclass(frozen=True, slots=True)
class Model:
    """``name``: PC/SC Part 3 supplement. ``header``: SAK and ATQA, as they stand in block 0."""

    name: int
    blocks: int
    header: bytes


CLASSIC_1K: Final = Model(0x0001, 64, bytes.fromhex("080400"))
CLASSIC_4K: Final = Model(0x0002, 256, bytes.fromhex("180200"))


def sector_of(block: int) -> int:
    """32 sectors of four blocks, then eight of sixteen."""
    return block // 4 if block < _SMALL_BLOCKS else _SMALL_SECTORS + (block - _SMALL_BLOCKS) // 16


def trailer_of(block: int) -> int:
    """The last block of the same sector."""
    return block | 3 if block < _SMALL_BLOCKS else block | 15


def _group_of(block: int) -> int:
    """Which access condition holds: each block's own, or in large sectors one for five blocks; 3 is the trailer."""
    return block % 4 if block < _SMALL_BLOCKS else block % 16 // 5


class ClassicChip:
    """Raises NakError from every operation that the card refuses; after that the sector must be opened again."""

    def __init__(self, uid: bytes, model: Model = CLASSIC_1K) -> None:
        self.uid = uid
        self.model = model
        trailers = {trailer_of(block) for block in range(model.blocks)}
        self._blocks = [TRANSPORT_TRAILER if n in trailers else bytes(BLOCK) for n in range(model.blocks)]
        self._blocks[0] = _manufacturer_block(uid, model)
        self._open: tuple[int, Key] | None = None
        self._transfer: bytes | None = None

    def reset(self) -> None:
        """Power off and on."""
        self._open = None
        self._transfer = None

    def authenticate(self, block: int, which: Key, key: bytes) -> None:
        """A readable key B opens nothing: authentication is accepted, every access after it refused (8.7.2)."""
        self.reset()
        trailer = self._blocks[trailer_of(block)]
        if key != (trailer[:6] if which is Key.A else trailer[10:]):
            raise NakError
        self._open = (sector_of(block), which)

    def is_open(self, block: int) -> bool:
        """Whether the sector of the block was opened with a key."""
        return self._open is not None and self._open[0] == sector_of(block)

    def read(self, block: int) -> bytes:
        """16 bytes; of a trailer only what may be read, the rest zeros."""
        which = self._opened_with(block)
        content = self._blocks[block]
        if block != trailer_of(block):
            self._require(which in self._data_rule(block).read)
            return content
        rule = self._trailer_rule(block)
        self._require(which in rule.read_access)
        return bytes(6) + content[6:10] + (content[10:] if which in rule.read_b else bytes(6))

    def write(self, block: int, content: bytes) -> None:
        """16 bytes. Access bits that contradict themselves lock the sector for ever (8.7.1)."""
        which = self._opened_with(block)
        self._require(block != 0)
        if block == trailer_of(block):
            self._write_trailer(block, content, which)
        else:
            self._require(which in self._data_rule(block).write)
            self._blocks[block] = content

    def increment(self, block: int, by: int) -> None:
        """Into the transfer buffer only. ``by``: signed, 32 bits."""
        self._calculate(block, self._data_rule(block).increment, by)

    def decrement(self, block: int, by: int) -> None:
        """Into the transfer buffer only. ``by``: signed, 32 bits."""
        self._calculate(block, self._data_rule(block).decrement, -by)

    def restore(self, block: int) -> None:
        """Into the transfer buffer only."""
        self._calculate(block, self._data_rule(block).decrement, 0)

    def transfer(self, block: int) -> None:
        """From the transfer buffer into a data block of the sector."""
        which = self._opened_with(block)
        self._require(block not in {0, trailer_of(block)} and self._transfer is not None)
        rule = self._data_rule(block)
        self._require(which in rule.decrement | rule.increment)
        self._blocks[block] = self._transfer or b""

    def dump(self) -> dict[str, Any]:
        """Every block, in hexadecimal."""
        return {"blocks": [block.hex() for block in self._blocks]}

    def load(self, state: dict[str, Any]) -> None:
        """Raises ValueError for another number or size of blocks."""
        blocks = [bytes.fromhex(block) for block in state["blocks"]]
        if len(blocks) != self.model.blocks or any(len(block) != BLOCK for block in blocks):
            raise ValueError(len(blocks))
        self._blocks = blocks
        self.reset()

    def _calculate(self, block: int, who: frozenset[Key], by: int) -> None:
        which = self._opened_with(block)
        self._require(block != trailer_of(block) and which in who)
        known = value.decode(self._blocks[block])
        self._require(known is not None)
        amount, address = known or (0, 0)
        self._require(value.fits(amount + by))
        self._transfer = value.encode(amount + by, address)

    def _write_trailer(self, block: int, content: bytes, which: Key) -> None:
        rule = self._trailer_rule(block)
        self._require(which in rule.writable)
        parts = ((slice(0, 6), rule.write_a), (slice(6, 10), rule.write_access), (slice(10, 16), rule.write_b))
        old = self._blocks[block]
        self._blocks[block] = b"".join((content if which in who else old)[part] for part, who in parts)

    def _opened_with(self, block: int) -> Key:
        """Refuses closed sectors, sectors with contradicting access bits, and a key B that anybody can read."""
        self._require(self.is_open(block))
        which = self._open[1] if self._open else Key.A
        self._require(which is Key.A or not self._trailer_rule(trailer_of(block)).read_b)
        return which

    def _conditions(self, block: int) -> tuple[int, int, int, int]:
        bits = conditions(self._blocks[trailer_of(block)][6:9])
        if bits is None:
            self.reset()
            raise NakError
        return bits

    def _data_rule(self, block: int) -> DataRule:
        return DATA_RULES[self._conditions(block)[_group_of(block)]]

    def _trailer_rule(self, block: int) -> TrailerRule:
        return TRAILER_RULES[self._conditions(block)[3]]

    def _require(self, allowed: object) -> None:
        if not allowed:
            self.reset()
            raise NakError


def _manufacturer_block(uid: bytes, model: Model) -> bytes:
    """8.6.1: UID, its check byte where it has four bytes, SAK, ATQA, then the manufacturer's own data."""
    check = bytes((reduce(xor, uid),)) if len(uid) == 4 else b""
    head = uid + check + model.header
    return head + bytes(range(0x62, 0x62 + BLOCK - len(head)))
