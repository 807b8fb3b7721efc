"""Blocks, sectors and the trailer with the keys. NXP MF1S50yyX and MF1S70yyX, 8.6."""

from dataclasses import dataclass
from typing import Final, Self

from drivers.cards.classic.protocol.access import TRANSPORT, AccessConditions
from gateway.domain.errors import MalformedError

BLOCK_SIZE: Final = 16
KEY_SIZE: Final = 6
FACTORY_KEY: Final = b"\xff" * KEY_SIZE
_SMALL_SECTORS: Final = 32
_SMALL, _LARGE = 4, 16
_LAST_BLOCK: Final = 255
_FIRST_LARGE_BLOCK: Final = _SMALL_SECTORS * _SMALL


def first_block(sector: int) -> int:
    """The number of a sector's first block; sectors 32 to 39 of a 4K card have 16 blocks."""
    if sector < _SMALL_SECTORS:
        return sector * _SMALL
    return _FIRST_LARGE_BLOCK + (sector - _SMALL_SECTORS) * _LARGE


def is_trailer(block: int) -> bool:
    """Whether keys stand in this block (0 to 255)."""
    size = _SMALL if block < _FIRST_LARGE_BLOCK else _LARGE
    return block % size == size - 1


def require_data_block(block: int) -> None:
    """Raises ValueError for a trailer, for the manufacturer's block, and for a number that no card has."""
    if not 0 < block <= _LAST_BLOCK or is_trailer(block):
        raise ValueError(f"block {block} holds no data of ours")


@dataclass(frozen=True, slots=True, repr=False)
class Trailer:
    """The last block of a sector: key A ‖ access bits (3) ‖ GPB, a byte for the user ‖ key B. Shows no key."""

    key_a: bytes
    access: AccessConditions
    gpb: int
    key_b: bytes

    def __post_init__(self) -> None:
        if len(self.key_a) != KEY_SIZE or len(self.key_b) != KEY_SIZE:
            raise MalformedError("A key of a sector has 6 bytes.")

    def __repr__(self) -> str:
        return f"Trailer({self.access.codes}, gpb={self.gpb:#04x}, …)"

    def encode(self) -> bytes:
        """16 bytes."""
        return self.key_a + self.access.encode() + bytes([self.gpb]) + self.key_b

    @classmethod
    def decode(cls, block: bytes) -> Self:
        """What a card shows of a trailer: keys that may not be read are zeros. Raises MalformedError."""
        if len(block) != BLOCK_SIZE:
            raise MalformedError("A trailer has 16 bytes.")
        return cls(block[:6], AccessConditions.decode(block[6:9]), block[9], block[10:])


FACTORY_TRAILER: Final = Trailer(FACTORY_KEY, TRANSPORT, 0x69, FACTORY_KEY)
