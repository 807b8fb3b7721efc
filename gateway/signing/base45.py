"""Base45 (RFC 9285): bytes as the 45 characters that a QR code's alphanumeric mode packs tightest."""

import sys
from array import array
from typing import Final

from gateway.domain.errors import MalformedError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Two bytes become three characters, lowest digit first; a last single byte becomes two."""
    return "".join(_digits(data[at : at + 2]) for at in range(0, len(data), 2))


def decode(text: str) -> bytes:
    """The bytes that ``text`` stands for, or MalformedError; each byte string has exactly one text."""
    try:
        values = [_VALUE[digit] for digit in text]
        whole = len(values) - len(values) % 3
        triples = zip(values[0:whole:3], values[1:whole:3], values[2:whole:3], strict=True)
        pairs = array("H", [low + 45 * middle + 2025 * high for low, middle, high in triples])
        tail = values[whole:]
        last = b"" if not tail else (tail[0] + 45 * tail[1]).to_bytes(1)
    except (KeyError, OverflowError, IndexError):
        raise MalformedError("This is not Base45 text.") from None
    if sys.byteorder == "little":
        pairs.byteswap()
    return pairs.tobytes() + last


def _digits(pair: bytes) -> str:
    number = int.from_bytes(pair)
    low, middle, high = number % 45, number // 45 % 45, number // 2025
    digits = ALPHABET[low] + ALPHABET[middle]
    return digits + ALPHABET[high] if len(pair) == 2 else digits
