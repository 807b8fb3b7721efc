"""Value blocks: a number three times and its address four times (NXP MF1S50yyX_V1 rev. 3.2, 8.6.2.1)."""

import struct

_BLOCK = struct.Struct("<i4si4B")
_LOWEST, _HIGHEST = -(1 << 31), (1 << 31) - 1


def fits(amount: int) -> bool:
    """Whether a value block can hold it."""
    return _LOWEST <= amount <= _HIGHEST


def encode(amount: int, address: int) -> bytes:
    """16 bytes: value, its complement, value (signed, least significant byte first), then address and complement."""
    inverted = struct.pack("<i", ~amount)
    return _BLOCK.pack(amount, inverted, amount, address, address ^ 0xFF, address, address ^ 0xFF)


def decode(block: bytes) -> tuple[int, int] | None:
    """Value and address, or None when the copies disagree."""
    amount = int.from_bytes(block[:4], "little", signed=True)
    return (amount, block[12]) if encode(amount, block[12]) == block else None
