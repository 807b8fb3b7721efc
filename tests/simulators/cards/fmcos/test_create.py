"""Files and directories are made and erased by those who may, and only where there is room."""

import pytest

from simulators.cards.fmcos.files import MF_SPACE
from tests.simulators.cards.fmcos.terminal import DF, FACTORY, K1, NAME, SELECT_DF, SELECT_MF, fresh, with_df

BINARY = "80E0000107280010F0F0FFFF"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("80E0DF02", "6700"),
        (f"80E0{DF}0D380020F0F0FFFFFF4741544533", "6A80"),  # the number is taken
        (f"80E0DF020D380020F0F0FFFFFF{NAME}", "6A80"),  # the name is taken
        ("80E03F000D380020F0F0FFFFFF4741544533", "6A80"),  # there is one MF
        ("80E0DF020C380020F0F0FFFFFF47415445", "6700"),  # a name of four bytes
        ("80E0DF0219380020F0F0FFFFFF" + "41" * 17, "6700"),
        ("80E0DF020D387FFFF0F0FFFFFF4741544533", "6A84"),
        ("80E0000A073F0020FFF0FFFF", "6A80"),  # a second key file
        ("80E00001062800FFF0F0FF", "6700"),
        ("80E00001072801FFF0F0FFFF", "6A84"),
        ("80E0000107680010F0F0FFFF", "6A80"),  # protection 40 is none
        ("80E00001072A0213F000FFFF", "6A81"),  # records are not played
        ("80E0000107110010F0F0FFFF", "6A80"),
    ],
)
def test_what_cannot_be_made(apdu: str, status: str) -> None:
    """By status word; nothing is taken from the room."""
    card = with_df()
    if apdu.startswith("80E0DF01") or "387FFF" in apdu:
        card.ok(SELECT_MF)
        card.authenticate(FACTORY)
    before = card.logic.dump()  # type: ignore[attr-defined]  # a stored card
    assert card.status(apdu) == status
    assert card.logic.dump() == before  # type: ignore[attr-defined]  # as above


def test_a_new_file_is_all_zeros_and_not_selected() -> None:
    """Select it, or name it by its short number."""
    card = with_df()
    card.ok(BINARY)
    assert card.status("00B0000010") == "6986"
    assert card.ok("00B0810010") == "00" * 16
    assert card.status(BINARY) == "6A80"


def test_the_room_of_a_directory_ends() -> None:
    """512 bytes hold the key file and a few files with their heads, and not one byte more."""
    card = with_df(space="0080")  # 128, of which the key file takes 8 + 96
    assert card.status("80E0000107280011F0F0FFFF") == "6A84"
    card.ok(BINARY)
    assert card.status("80E0000207280001F0F0FFFF") == "6A84"


def test_rights_of_the_directory_hold() -> None:
    """Create at state A of the MF, erase at state 1 here."""
    card = with_df(create="0A", erase="F1")
    card.ok(BINARY)
    assert card.add_key(1, "39F0F001FF", K1) == "9000"
    assert card.status("800E000000") == "6982"
    card.lay()
    card.ok(SELECT_DF)
    assert card.status("80E0000207280010F0F0FFFF") == "6982"
    assert card.authenticate(K1, 1) == "9000"
    assert card.status("80E0000207280010F0F0FFFF") == "6982"
    card.ok("800E000000")


def test_erasing_empties_the_directory_and_leaves_it_there() -> None:
    """Its room is free again, what was proven still holds, its files are gone."""
    card = with_df()
    card.ok(BINARY)
    card.ok("00A40000020001")
    assert card.add_key(1, "39F0F005FF", K1) == "9000"
    assert card.authenticate(K1, 1) == "9000"
    card.ok("800E000000")
    assert card.status("00B0000010") == "6986"
    assert card.authenticate(K1, 1) == "9403"
    card.ok("80E00000073F0060FF55FFFF")
    assert card.add_key(1, "39F0F005FF", K1) == "9000"
    card.ok("00A40000")
    card.ok(SELECT_DF)


def test_erasing_the_master_file_takes_its_key_too() -> None:
    """So whoever proved it makes a new key file before the power goes: rights 0E and FE, as public recipes have it."""
    card = with_df()
    card.ok(SELECT_MF)
    assert card.authenticate(FACTORY) == "9000"
    card.ok("800E000000")
    assert card.status(SELECT_DF) == "6A82"
    card.ok("80E00000073F008001 0A FFFF".replace(" ", ""))
    assert card.add_key(0, "39F0FAFF77", K1) == "9000"
    card.lay()
    assert card.authenticate(K1) == "9000"
    card.ok("80E0EF010728002AF00AFF80")


def test_parameters_of_erase() -> None:
    """No parameters, no data."""
    card = fresh()
    assert card.status("800E000100") == "6A86"
    assert card.status("800E000001AA") == "6700"


def test_the_whole_card_has_room_for_this_much() -> None:
    """7680 bytes, the key file's taken off."""
    card = fresh()
    card.authenticate(FACTORY)
    most = MF_SPACE - (8 + 0x50) - 8
    assert card.status(f"80E00001 07 28 {most + 1:04X} F0F0FFFF".replace(" ", "")) == "6A84"
    card.ok(f"80E00001 07 28 {most:04X} F0F0FFFF".replace(" ", ""))
