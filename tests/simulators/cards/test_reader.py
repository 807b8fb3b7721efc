"""The reader's own answers: UID, historical bytes, and the answer to reset it makes up."""

import pytest

from simulators.cards.catalogue import make
from simulators.cards.reader import atr_of, historical_bytes, memory_card_atr
from tests.simulators.cards.talk import Talk

UID = "7AB4ABDC"


@pytest.fixture
def card() -> Talk:
    return Talk(make("fmcos", bytes.fromhex(UID)))


def test_uid_and_historical_bytes(card: Talk) -> None:
    """With Le of zero, exact, or absent."""
    assert card.ok("FFCA000000") == card.ok("FFCA000004") == card.ok("FFCA0000") == UID
    assert card.ok("FFCA010000") == card.ok("FFCA01000B") == "20900000000000" + UID


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("FFCA000007", "6C04"),
        ("FFCA000003", "6C04"),
        ("FFCA020000", "6B00"),
        ("FFCA000100", "6B00"),
        ("FFCA00000101", "6700"),
        ("FFB0000410", "6D00"),
        ("FFCA", "6700"),
    ],
)
def test_other_questions_are_refused(card: Talk, apdu: str, status: str) -> None:
    """By the reader, in its own words."""
    assert card.status(apdu) == status


def test_the_answer_to_reset_holds_the_historical_bytes(card: Talk) -> None:
    """ATS of a real FM1208: lyc8503/FM1208_scripts, capture_raw.txt."""
    ats = bytes.fromhex("107880900220900000000000" + UID)
    assert historical_bytes(ats).hex().upper() == "20900000000000" + UID
    assert card.atr.hex().upper() == "3B8B8001" + "20900000000000" + UID + "03"
    assert card.atr == atr_of(historical_bytes(ats))


@pytest.mark.parametrize(("ats", "historical"), [("", ""), ("02", ""), ("0278", ""), ("067577810280", "80")])
def test_historical_bytes_of_other_ats(ats: str, historical: str) -> None:
    """Short ones have none; DESFire's 06 75 77 81 02 80 has one."""
    assert historical_bytes(bytes.fromhex(ats)).hex() == historical


def test_memory_cards_are_named() -> None:
    """The well known answers of MIFARE Classic 1K and 4K behind PC/SC readers (pcsc-tools, smartcard_list.txt)."""
    assert memory_card_atr(1).hex().upper() == "3B8F8001804F0CA000000306030001000000006A"
    assert memory_card_atr(2).hex().upper() == "3B8F8001804F0CA0000003060300020000000069"
