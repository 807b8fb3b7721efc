"""Base45 (RFC 9285): bytes as the 45 characters that a QR code's alphanumeric mode packs tightest."""

from typing import Final

from gateway.domain.errors import MalformedError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS: Final = (1, 45, 2025)


def encode(data: bytes) -> str:
    """Two bytes become three characters, lowest digit first; a last single byte becomes two."""
    return "".join(_digits(data[at : at + 2]) for at in range(0, len(data), 2))


def decode(text: str) -> bytes:
    """The bytes that ``text`` stands for, or MalformedError; each byte string has exactly one text."""
    return b"".join(_group(text[at : at + 3]) for at in range(0, len(text), 3))


def _digits(pair: bytes) -> str:
    number = int.from_bytes(pair)
    low, middle, high = number % 45, number // 45 % 45, number // 2025
    digits = ALPHABET[low] + ALPHABET[middle]
    return digits + ALPHABET[high] if len(pair) == 2 else digits


def _group(group: str) -> bytes:
    try:
        number = sum(_VALUE[digit] * weight for digit, weight in zip(group, _WEIGHTS, strict=False))
        if len(group) > 1:
            return number.to_bytes(len(group) - 1)
    except (KeyError, OverflowError):
        pass
    raise MalformedError("This is not Base45 text.")
