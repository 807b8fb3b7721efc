"""Value blocks: a signed number that a card counts up and down by itself. NXP MF1S50yyX, 8.6.2.1."""

import struct
from dataclasses import dataclass
from typing import Final, Self

from gateway.domain.errors import MalformedError

_LAYOUT: Final = struct.Struct("<iIi4B")
_ALL_BITS: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ValueBlock:
    """``value``: 32 bits, signed. ``address``: a byte for the user, often the block that holds the copy."""

    value: int
    address: int

    def encode(self) -> bytes:
        """Value ‖ its complement ‖ value, least significant byte first; address ‖ complement, twice."""
        other = self.address ^ 0xFF
        complement = ~self.value & _ALL_BITS
        return _LAYOUT.pack(self.value, complement, self.value, self.address, other, self.address, other)

    @classmethod
    def decode(cls, block: bytes) -> Self:
        """Raises MalformedError when the copies in the block disagree."""
        if len(block) != _LAYOUT.size:
            raise MalformedError("A value block has 16 bytes.")
        value, _, _, address, *_ = _LAYOUT.unpack(block)
        decoded = cls(value, address)
        if decoded.encode() != block:
            raise MalformedError("The block holds no value: its copies disagree.")
        return decoded
