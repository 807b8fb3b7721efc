"""Frames in both directions are cut, joined and refused as the card does it."""

import pytest

from simulators.cards.desfire import EV1, EV2, EV3, Profile
from tests.simulators.cards.desfire.bench import AID, UID, Table, free_application

WRITE_80 = "3D 01 000000 500000"


@pytest.mark.parametrize(
    ("profile", "hardware", "software"),
    [(EV1, "04010101001805", "04010101041805"), (EV2, "04010112001805", "04010102011805")],
)
def test_get_version_comes_in_three_frames(profile: Profile, hardware: str, software: str) -> None:
    """Hardware, software, then UID, batch and date: 7, 7 and 14 bytes."""
    table = Table(profile)
    assert table.send("60") == hardware + "AF"
    assert table.send("AF") == software + "AF"
    last = table.ok("AF")
    assert last.startswith(UID.hex().upper())
    assert len(last) == 28


def test_an_ev3_says_that_it_is_one() -> None:
    """Major versions 33 and 03."""
    table = Table(EV3)
    assert table.send("60")[6:8] == "33"
    assert table.send("AF")[6:8] == "03"


def test_a_long_answer_comes_in_frames_of_59_bytes() -> None:
    """The 28 applications of an EV1 are 84 bytes of identifiers."""
    table = Table()
    for number in range(28):
        table.ok(f"CA {number + 1:02X}0000 0F 00")
    first = table.send("6A")
    assert (len(first), first[-2:]) == (2 * 60, "AF")
    rest = table.ok("AF")
    assert bytes.fromhex(first[:-2] + rest) == b"".join(bytes([number + 1, 0, 0]) for number in range(28))
    assert table.send("CA FF0000 0F 00") == "CE"


def test_a_long_command_is_taken_in_frames() -> None:
    """The card asks for more until it has what the header promised."""
    table = free_application()
    table.ok("CD 01 00 EEEE 640000")
    data = bytes(range(80)).hex()
    assert table.send(WRITE_80 + data[:94]) == "AF"
    assert table.send("AF" + data[94:150]) == "AF"
    assert table.send("AF" + data[150:]) == "00"
    first = table.send("BD 01 000000 500000")
    assert first[-2:] == "AF"
    assert first[:-2] + table.ok("AF") == data.upper()


def test_too_much_data_is_a_length_error_and_nothing_is_written() -> None:
    """One byte more than the header said."""
    table = free_application()
    table.ok("CD 01 00 EEEE 640000")
    assert table.send(WRITE_80 + "11" * 47) == "AF"
    assert table.send("AF" + "11" * 34) == "7E"
    assert table.ok("BD 01 000000 050000") == "00" * 5


@pytest.mark.parametrize("half", ["60", "AA00", WRITE_80 + "11" * 10])
def test_another_command_aborts_what_was_not_finished(half: str) -> None:
    """The intruder is answered CA and not carried out; the one after it is."""
    table = free_application()
    table.ok("CD 01 00 EEEE 640000")
    if half == "AA00":
        table.ok("5A 000000")
        half = "0A00"
    assert table.send(half)[-2:] == "AF"
    assert table.send("5A 000000") == "CA"
    assert table.send("AF") == "1C"
    assert table.send("5A 000000") == "00"


def test_an_ev1_takes_60_bytes_in_one_apdu() -> None:
    """47 bytes of content go into one frame, 48 do not."""
    table = free_application()
    table.ok("CD 01 00 EEEE 640000")
    assert table.send("3D 01 000000 2F0000" + "22" * 47) == "00"
    assert table.send("3D 01 000000 300000" + "22" * 48) == "7E"


def test_an_ev2_takes_and_gives_long_frames_with_its_own_commands() -> None:
    """8D and AD carry in one APDU what 3D and BD cut."""
    table = free_application(EV2)
    table.ok("CD 01 00 EEEE C80000")
    assert table.send("8D 01 000000 C80000" + "33" * 200) == "00"
    assert table.ok("AD 01 000000 C80000") == "33" * 200
    assert table.send("BD 01 000000 C80000")[-2:] == "AF"


@pytest.mark.parametrize("command", ["71 00 00", "77 00", "AD 01 000000 010000", "8D 01 000000 010000 00", "FE", "01"])
def test_an_ev1_does_not_know_the_commands_of_an_ev2(command: str) -> None:
    """Illegal command."""
    assert free_application().send(command) == "1C"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        ("90", "917E"),
        ("9060", "917E"),
        ("906000", "917E"),
        ("90600000", "917E"),
        ("905A00000300000000FF", "917E"),
        ("905A000003000000", "917E"),
        ("905A0000040000000000", "917E"),
        ("9060010000", "6A86"),
        ("00", "6700"),
        ("", "6700"),
        ("00B0000000", "6D00"),
        ("80CA000000", "6E00"),
        ("FFCA000000", "6E00"),
        ("00A4040007D276000085010000", "9000"),
        ("00A4040C07D2760000850100", "9000"),
        ("00A4000C023F00", "9000"),
        ("00A4040007D276000085010100", "6A82"),
        ("00A40400", "9000"),
        ("00A4040009D2760000850100", "6700"),
        ("00A4090C023F00", "6A86"),
    ],
)
def test_apdus_that_are_no_whole_commands_are_answered(apdu: str, answer: str) -> None:
    """Wrapped ones with a length error, others with the status words of ISO/IEC 7816-4."""
    assert Table().raw(apdu) == answer


def test_native_commands_are_answered_with_the_status_in_front() -> None:
    """As programs speak that drive the reader's antenna themselves."""
    table = Table()
    assert table.raw("60") == "AF04010101001805"
    assert table.raw("AF") == "AF04010101041805"
    assert table.raw("AF")[:2] == "00"
    assert table.raw("CA" + AID + "0F05") == "00"
    assert table.raw("6A") == "00" + AID
    assert table.raw("3D" + "00" * 60) == "7E"


def test_an_ev2_has_a_third_byte_of_key_settings() -> None:
    """Announced by bit 4 of the second; key sets are not played."""
    table = Table(EV2)
    table.ok(f"CA {AID} 0F 95 00")
    assert table.ok("6A") == AID
    assert table.send("CA 010101 0F 95 01") == "9E"
    assert table.send("CA 010101 0F 95") == "7E"


def test_an_application_can_be_selected_by_its_name() -> None:
    """ISO/IEC 7816-4 SELECT by DF name; GetDFNames lists it."""
    table = Table(EV2)
    table.ok(f"CA {AID} 0F A5 10E1 D2760000850101")
    assert table.ok("6D") == AID + "E110" + "D2760000850101"
    assert table.raw("00A4040007D276000085010100") == "9000"
    assert table.ok("45") == "0F85"
    table.ok("CD 01 04E1 00 EEEE 0A0000")
    assert table.ok("61") == "04E1"
