"""A new card answers as a real one does: ATS, FCI, selection, and refusals by status word."""

import pytest

from tests.simulators.cards.fmcos.terminal import DF, FACTORY, NAME, SELECT_DF, SELECT_MF, Terminal, fresh, with_df

MF_FCI = "6F15840E315041592E5359532E4444463031A503880101"


@pytest.fixture
def card() -> Terminal:
    return fresh()


def test_the_master_file_of_a_real_card(card: Terminal) -> None:
    """The FCI that lyc8503/FM1208_scripts recorded; by number, by name, without data, with Le or without."""
    assert card.ok(SELECT_MF) == MF_FCI
    assert card.ok(SELECT_MF + "00") == MF_FCI
    assert card.ok("00A40000") == MF_FCI
    assert card.ok("00A404000E" + "315041592E5359532E4444463031") == MF_FCI


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("00A4000002DF01", "6A82"),
        ("00A404000E" + "325041592E5359532E4444463031", "6A82"),
        ("00A4000001DF", "6700"),
        ("00A4020002DF01", "6A86"),
        ("00A4000C023F00", "6A86"),
        ("0084000002", "6700"),
        ("0084000104", "6A86"),
        ("00840000", "6700"),
        ("00820000080000000000000000", "6984"),  # no challenge was asked for
        ("0082010008" + "00" * 8, "6A86"),
        ("0082000007" + "00" * 7, "6700"),
        ("0082000508" + "00" * 8, "9403"),
        ("0088000008" + "00" * 8, "9403"),
        ("0088020008" + "00" * 8, "6A86"),
        ("0088000007" + "00" * 7, "6700"),
        ("00B0000010", "6986"),  # no file is selected
        ("00B0810010", "6A82"),
        ("00B0C10010", "6A86"),
        ("00D6000001AA", "6986"),
        ("80E0DF010D3801000101FFFFFF4741544531", "6982"),
        ("800E000000", "6982"),
        ("80D401011539F0F0AA33" + "00" * 16, "6982"),
        ("00B2010400", "6D00"),
        ("80500000", "6D00"),
        ("9060000000", "6E00"),
        ("80A40000023F00", "6E00"),
        ("00E0DF0107280010F0F0FFFF", "6E00"),
        ("04840000", "6E00"),
        ("00A4", "6700"),
        ("", "6700"),
    ],
)
def test_refusals(card: Terminal, apdu: str, status: str) -> None:
    """Before anything was proven."""
    assert card.status(apdu) == status


@pytest.mark.parametrize("size", [4, 8])
def test_challenges_have_four_or_eight_bytes_and_are_good_once(card: Terminal, size: int) -> None:
    """Card lots differ in what their readers ask for; any command in between voids it."""
    first, second = card.challenge(size), card.challenge(size)
    assert first != second
    assert len(first.rstrip(b"\0")) <= size
    assert card.authenticate(FACTORY, size=size) == "9000"
    card.challenge(size)
    card.ok("00A40000")
    assert card.status("0082000008" + "00" * 8) == "6984"


def test_directories_are_found_from_where_they_can_be_seen() -> None:
    """By number from above, from within and from beside; by name from anywhere; files only from their directory."""
    card = with_df()
    card.ok("80E0000107280008F0F0FFFF")
    card.ok("80E0DF030D380040F0F0FFFFFF4741544533")
    assert card.ok("00A40000020001") == ""
    card.ok("00A4000002DF03")
    assert card.status("00A40000020001") == "6A82"
    assert card.status(SELECT_DF) == "6A82"  # from below only by name
    card.ok(f"00A4040005{NAME}")
    card.ok("00A4000002DF03")
    card.ok(SELECT_MF)
    assert card.status("00A4000002DF03") == "6A82"
    card.ok(SELECT_DF)
    card.ok(SELECT_DF)


def test_directories_beside_each_other() -> None:
    """From one to the next without going up."""
    card = with_df()
    card.ok(SELECT_MF)
    assert card.authenticate(FACTORY) == "9000"
    card.ok("80E0DF020D380040F0F0FFFFFF4741544532")
    card.ok(SELECT_DF)
    card.ok("00A4000002DF02")


def test_the_fci_of_an_application_shows_the_issuer_s_file() -> None:
    """With the application's number 95, what stands in file 15 comes in tag 9F0C, as on the recorded card."""
    card = fresh()
    card.authenticate(FACTORY)
    card.ok(f"80E0{DF}0D380200F0F095FFFF{NAME}")
    assert card.ok(SELECT_DF) == "6F0C" + "8405" + NAME + "A503880115"
    card.ok("80E0001507280004F0F0FFFF")
    card.ok("00D6950004CAFEBABE")
    assert card.ok(SELECT_DF) == "6F14" + "8405" + NAME + "A50B9F0801029F0C04CAFEBABE"


def test_power_off_selects_the_master_file_and_forgets_what_was_proven() -> None:
    """What was made stays."""
    card = with_df()
    card.ok(SELECT_MF)
    assert card.authenticate(FACTORY) == "9000"
    card.lay()
    assert card.status("80E0DF020D380040F0F0FFFFFF4741544532") == "6982"
    card.ok(SELECT_DF)
