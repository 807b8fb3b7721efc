"""A Classic card behind a reader speaks the commands of PC/SC Part 3, in the words that readers use."""

import pytest

from simulators.cards.catalogue import make
from tests.simulators.cards.talk import Talk

UID = bytes.fromhex("DEADBEEF")
LOAD_FACTORY = "FF820000 06 FFFFFFFFFFFF"
OPEN_1 = "FF860000 05 0100046000"
VALUE_5 = "FFD70005 05 00 00000064"


@pytest.fixture
def card() -> Talk:
    return Talk(make("classic", UID))


@pytest.fixture
def opened(card: Talk) -> Talk:
    card.ok(LOAD_FACTORY)
    card.ok(OPEN_1)
    return card


def test_read_and_write(opened: Talk) -> None:
    """A whole block, a part of it, and what a trailer shows."""
    opened.ok("FFD60004 10 000102030405060708090A0B0C0D0E0F")
    assert opened.ok("FFB00004 10") == opened.ok("FFB0000400") == "000102030405060708090A0B0C0D0E0F"
    assert opened.ok("FFB00004 04") == "00010203"
    assert opened.ok("FFB00007 10") == "000000000000FF078069FFFFFFFFFFFF"


def test_the_older_authenticate(card: Talk) -> None:
    """Six bytes: PC/SC Part 3 before 2.01.05, still in many programs."""
    card.ok(LOAD_FACTORY)
    card.ok("FF8800046000")
    assert card.ok("FFB00004 10") == "00" * 16
    assert card.status("FF88000460") == card.status("FF880004600000") == "6700"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("FF82000007FFFFFFFFFFFFFF", "6989"),  # seven bytes are no key
        ("FF820002 06 FFFFFFFFFFFF", "6988"),  # two volatile slots
        ("FF822020 06 FFFFFFFFFFFF", "6988"),  # 32 lasting ones
        ("FF828000 06 FFFFFFFFFFFF", "6983"),  # a reader's own key
        ("FF824000 06 FFFFFFFFFFFF", "6985"),  # secured transmission
        ("FF860000 05 0100046001", "6988"),  # nothing was loaded there
        ("FF860000 05 0100046200", "6986"),  # neither key A nor key B
        ("FF860000 05 0200046000", "6A80"),  # another version of the structure
        ("FF860000 05 0100406000", "6A82"),  # a 1K card ends at block 3F
        ("FF860000 04 01000460", "6700"),
        ("FF860001 05 0100046000", "6B00"),
        ("FFB00004 11", "6C10"),
        ("FFB00004", "6700"),
        ("FFB00040 10", "6A82"),
        ("FFB00008 10", "6982"),  # another sector
        ("FFD60004 0F 000102030405060708090A0B0C0D0E", "6700"),
        ("FFD60040 10 000102030405060708090A0B0C0D0E0F", "6A82"),
        ("FFD60000 10 000102030405060708090A0B0C0D0E0F", "6982"),  # the manufacturer's block
        ("FFB10004 04", "6300"),  # no value there
        ("FFB10004 05", "6C04"),
        ("FFD70004 02 03 40", "6A82"),
        ("FFD70004 05 04 00000001", "6A80"),
        ("FFD70004 03 010000", "6700"),
        ("FFC20000 03 010203", "6A81"),  # transparent sessions are not played
        ("FFC20003 03 010203", "6A80"),
        ("FFCA010000", "6A81"),  # it has no ATS
        ("FF00000000", "6D00"),
        ("00A4040000", "6E00"),
        ("9060000000", "6E00"),
        ("FFB0", "6700"),
        ("00", "6700"),
        ("", "6700"),
    ],
)
def test_what_readers_refuse(opened: Talk, apdu: str, status: str) -> None:
    """By status word."""
    assert opened.status(apdu) == status


def test_a_wrong_key_is_6300_and_shuts_the_sector(opened: Talk) -> None:
    """The next access is 6982 until the right key opens it again."""
    opened.ok("FF820001 06 000000000000")
    assert opened.status("FF860000 05 0100046001") == "6300"
    assert opened.status("FFB00004 10") == "6982"
    opened.ok(OPEN_1)
    assert opened.ok("FFB00004 10") == "00" * 16


def test_key_slots_are_the_reader_s(opened: Talk) -> None:
    """A card that lost power must be opened again, with keys that are still loaded; lasting slots go up to 1F."""
    opened.ok("FF82201F 06 FFFFFFFFFFFF")
    opened.lift()
    opened.lay()
    assert opened.status("FFB00004 10") == "6982"
    opened.ok("FF860000 05 010004601F")
    opened.ok(OPEN_1)


def test_value_blocks_in_the_dialect_of_acs(opened: Talk) -> None:
    """ACR122U API 2.04, 5.5: the example of the manual."""
    opened.ok("FFD70005 05 00 00000001")
    assert opened.ok("FFB0000510") == "01000000FEFFFFFF0100000005FA05FA"
    assert opened.ok("FFB10005 00") == opened.ok("FFB10005 04") == "00000001"
    opened.ok("FFD70005 02 03 06")
    opened.ok("FFD70005 05 01 00000005")
    assert (opened.ok("FFB1000504"), opened.ok("FFB1000604")) == ("00000006", "00000001")
    opened.ok("FFD70005 05 02 0000000A")
    assert opened.ok("FFB10005 04") == "FFFFFFFC"


def test_value_blocks_in_the_dialect_of_omnikey(opened: Talk) -> None:
    """Four bytes or one, low byte first."""
    opened.ok(VALUE_5)
    opened.ok("FFD40005 04 64000000")
    opened.ok("FFD40005 01 01")
    opened.ok("FFD80005 04 02000000")
    assert opened.ok("FFB10005 04") == "000000C7"
    assert opened.status("FFD40005 02 0100") == "6700"
    assert opened.status("FFD40004 04 01000000") == "6982"


def test_value_blocks_in_the_words_of_the_standard(opened: Talk) -> None:
    """Part 3, amendment 1, 3.2.2.1.10: the example of Identive's manual, block 5 by 100, up and down."""
    opened.ok(VALUE_5)
    assert opened.ok("FFC20003 0B A009 800105 810464000000 00") == "C003009000"
    assert opened.ok("FFB10005 04") == "000000C8"
    opened.ok("FFC20003 0B A109 800105 810464000000 00")
    assert opened.ok("FFB10005 04") == "00000064"


def test_a_4k_card_has_256_blocks() -> None:
    """And says so in its answer to reset."""
    card = Talk(make("classic-4k", UID))
    assert card.atr.hex().upper() == "3B8F8001804F0CA0000003060300020000000069"
    card.ok(LOAD_FACTORY)
    card.ok("FF860000 05 0100FF6000")
    assert card.ok("FFB000F0 10") == "00" * 16
    assert card.ok("FFB000FF 10") == "000000000000FF078069FFFFFFFFFFFF"
    assert card.status("FF860000 05 0101006000") == "6A82"


def test_a_sector_is_given_away_and_taken_back(opened: Talk) -> None:
    """New keys under 7F 07 88, where B rules; the old key is wrong, and bad bits would be the end."""
    opened.ok("FFD60007 10 A0A1A2A3A4A5 7F0788 42 B0B1B2B3B4B5")
    assert opened.status(OPEN_1) == "6300"
    opened.ok("FF820000 06 A0A1A2A3A4A5")
    opened.ok("FF820001 06 B0B1B2B3B4B5")
    opened.ok(OPEN_1)
    assert opened.ok("FFB00007 10") == "0000000000007F078842000000000000"
    assert opened.status("FFD60007 10 FFFFFFFFFFFF FF0780 69 FFFFFFFFFFFF") == "6982"
    opened.ok("FF860000 05 0100046101")
    opened.ok("FFD60007 10 FFFFFFFFFFFF FF0781 69 FFFFFFFFFFFF")
    opened.ok(LOAD_FACTORY)
    opened.ok(OPEN_1)
    assert opened.status("FFB00004 10") == "6982"
