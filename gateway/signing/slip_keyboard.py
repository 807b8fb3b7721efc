"""Texts that a hand scanner typed into a computer set to another keyboard, typed again as they were meant.

A scanner that plays a keyboard presses the keys of a US one; the computer writes what its own layout
has on those keys. Each layout here puts 45 different characters on the keys of Base45, so its table can
be read backwards. Layouts with dead keys (German, Czech) swallow characters and cannot be repaired.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from gateway.signing.base45 import ALPHABET

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_AZERTY: Final = "QBCDEFGHIJKL?NOPARSTUVZXYW"
_FRENCH: Final = "à&é\"'(-è_ç" + _AZERTY + " 458+):!M"
_ITALIAN: Final = "0123456789" + _LETTERS + " $%(^'.-ç"
_SPANISH: Final = "0123456789" + _LETTERS + " $%(¿'.-Ñ"
_CHINESE: Final = "0123456789" + _LETTERS + " ¥%*+-。、:"  # after NFKC, which already narrows full-width signs


def _backwards(typed: str) -> dict[int, str]:
    return {ord(character): meant for character, meant in zip(typed, ALPHABET, strict=True) if character != meant}


LAYOUTS: Final = MappingProxyType(
    {
        "caps lock": {ord(letter.lower()): letter for letter in _LETTERS},
        "Chinese punctuation": _backwards(_CHINESE),
        "French": _backwards(_FRENCH),
        "Italian": _backwards(_ITALIAN),
        "Spanish": _backwards(_SPANISH),
    }
)


def readings(text: str) -> Iterator[tuple[str | None, str]]:
    """The text as it came (under None), then as each layout in turn would have meant it."""
    yield None, text
    for layout, table in LAYOUTS.items():
        yield layout, text.translate(table)
