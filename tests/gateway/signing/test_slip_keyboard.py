"""A scan typed under another keyboard layout is typed again as it was meant."""

import unicodedata

import pytest

from gateway.signing.base45 import ALPHABET
from gateway.signing.slip_keyboard import LAYOUTS, readings
from gateway.signing.slip_token import read
from tests.gateway.signing.slip_samples import CLAIMS, KEYS, TEXT

TYPED = {name: {meant: chr(typed) for typed, meant in table.items()} for name, table in LAYOUTS.items()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reads_backwards(layout: str) -> None:
    """No two characters of Base45 lie on one key."""
    typed = [TYPED[layout].get(character, character) for character in ALPHABET]
    assert len(set(typed)) == len(ALPHABET)
    assert [meant for _, meant in readings("".join(typed))].count(ALPHABET) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_token_survives(layout: str) -> None:
    """The token comes back whole, with the name of the layout to set right."""
    typed = "".join(TYPED[layout].get(character, character) for character in TEXT)
    reading = read(typed, KEYS.known)
    assert (reading.claims, reading.layout) == (CLAIMS, layout)


@pytest.mark.parametrize(
    ("layout", "typed"), [("French", "RS&M"), ("Italian", "RS1ç"), ("Spanish", "RS1Ñ"), ("caps lock", "rs1:")]
)
def test_known_keys(layout: str, typed: str) -> None:
    """How each layout writes the start of a slip."""
    assert dict(readings(typed))[layout] == "RS1:"


def test_full_width() -> None:
    """An input method that writes full-width characters does no harm."""
    wide = "".join(chr(ord(character) + 0xFEE0) if character != " " else "\u3000" for character in TEXT)
    assert unicodedata.normalize("NFKC", wide) == TEXT
    assert read(wide, KEYS.known).claims == CLAIMS
