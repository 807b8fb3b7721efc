"""Key settings and access rights decide who may do what."""

import pytest

from drivers.cards.desfire.protocol.channel import transact
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, WrongKeyError
from drivers.cards.desfire.protocol.session import Mode, Session
from tests.simulators.cards.desfire.bench import AID, ENCIPHERED, WAYS, Table, Way, application, free_application

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
AES = WAYS[3]


def refused(table: Table, session: Session, ins: int, header: str = "", data: str = "", mode: Mode = Mode.MACED) -> int:
    """The status of a command that must be refused."""
    with pytest.raises(DesfireRefusedError) as error:
        table.run(transact(session, ins, bytes.fromhex(header), bytes.fromhex(data), mode))
    return error.value.status


def test_a_factory_card_is_open_and_empty() -> None:
    """One DES key of zeros, version 0, settings 0F; nothing on it; FreeMemory tells how much fits."""
    table = Table()
    assert table.ok("45") == "0F01"
    assert table.ok("64 00") == "00"
    assert table.ok("6A") == ""
    assert table.ok("6E") == "001300"
    assert table.send("64 01") == "40"
    assert table.send("51") == "AE"


@each_way
def test_a_wrong_key_is_an_authentication_error(way: Way) -> None:
    """Whatever the scheme; the right one still opens the application afterwards."""
    table = application(way)
    with pytest.raises(WrongKeyError):
        table.open(way, 1, bytes([2] * len(way.key)))
    assert table.open(way, 1).key_no == 1
    assert table.send("0A 05") == "40"


@pytest.mark.parametrize(("ins", "kind"), [("0A", "85"), ("1A", "85"), ("AA", "05"), ("0A", "45"), ("AA", "45")])
def test_authentication_must_fit_the_kind_of_key(ins: str, kind: str) -> None:
    """AES keys by AA, the others by 1A, DES with two keys by 0A too."""
    table = Table()
    table.ok(f"CA {AID} 0F {kind}")
    table.ok(f"5A {AID}")
    assert table.send(f"{ins} 00") == "AE"


@each_way
def test_a_closed_card_lists_creates_and_deletes_only_for_its_master(way: Way) -> None:
    """Settings 08: only changing them back is left."""
    table = Table(way.profile)
    master = WAYS[0]
    table.ok(f"CA {AID} 0F 05")
    table.run(transact(table.open(master), 0x54, b"", b"\x08", ENCIPHERED))
    table.ok("5A 000000")
    for command in ("6A", "45", f"DA {AID}", "CA 010101 0F 05"):
        assert table.send(command) == "AE"
    session = table.open(master)
    assert table.run(transact(session, 0x6A)).hex().upper() == AID
    table.run(transact(session, 0xDA, bytes.fromhex(AID)))
    table.run(transact(session, 0x54, b"", b"\x0f", ENCIPHERED))
    table.ok("5A 000000")
    assert table.ok("6A") == ""


@each_way
def test_settings_without_bit_3_are_for_ever(way: Way) -> None:
    """Permission denied, also for the master key."""
    table = application(way)
    table.run(transact(table.open(way), 0x54, b"", b"\x07", ENCIPHERED))
    table.select()
    assert table.ok("45")[:2] == "07"
    assert refused(table, table.open(way), 0x54, "", "0F", ENCIPHERED) == 0x9D


@each_way
def test_a_closed_application_tells_and_takes_files_only_for_its_master(way: Way) -> None:
    """Settings 09: neither listing nor creating is free."""
    table = application(way, settings="09")
    for command in ("6F", "F5 01", "45", "CD 01 00 EEEE 050000", "DF 01"):
        assert table.send(command) == "AE"
    assert refused(table, table.open(way, 1), 0x6F) == 0xAE
    session = table.open(way)
    table.run(transact(session, 0xCD, bytes.fromhex("01 00 EEEE 050000")))
    assert table.run(transact(session, 0x6F)) == b"\x01"
    assert table.run(transact(session, 0xF5, b"\x01")) == bytes.fromhex("00 00 EEEE 050000")
    table.run(transact(session, 0xDF, b"\x01"))
    assert refused(table, session, 0xF5, "01") == 0xF0


def test_the_application_s_own_master_may_delete_it_while_creating_is_free() -> None:
    """Otherwise only the card's master; afterwards the card itself is selected."""
    table = application(AES)
    table.run(transact(table.open(AES, 1), 0x6F))
    assert refused(table, table.open(AES, 1), 0xDA, AID) == 0xAE
    session = table.open(AES)
    session.seal(0xDA, bytes.fromhex(AID))
    assert table.send(f"DA {AID}") == "00"
    assert table.ok("6A") == ""
    assert table.send(f"5A {AID}") == "A0"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (f"CA {AID} 0F 05", "DE"),
        ("CA 000000 0F 05", "9E"),
        ("CA 010101 0F 0F", "9E"),
        ("CA 010101 0F C5", "9E"),
        ("CA 010101 0F", "7E"),
        ("5A 010101", "A0"),
        ("5A 0101", "7E"),
        ("6F", "9D"),
        ("CD 01 00 EEEE 050000", "9D"),
        ("BD 01 000000 000000", "9D"),
        ("C7", "9D"),
        ("6000", "7E"),
    ],
)
def test_commands_about_the_card_are_checked(command: str, status: str) -> None:
    """Duplicates, parameters, lengths, and commands that belong to an application."""
    table = Table()
    table.ok(f"CA {AID} 0F 05")
    assert table.send(command) == status


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("CD 01 00 EEEE 050000", "DE"),
        ("CD 20 00 EEEE 050000", "9E"),
        ("CD 02 02 EEEE 050000", "9E"),
        ("CD 02 00 EE5E 050000", "9E"),
        ("CD 02 00 EEEE 000000", "9E"),
        ("CD 02 00 EEEE 0500", "7E"),
        ("CD 02 00 EEEE FFFF00", "0E"),
        ("CC 02 00 EEEE 00000000 05000000 06000000 00", "9E"),
        ("C1 02 00 EEEE 000000 010000", "9E"),
        ("C0 02 00 EEEE 010000 010000", "9E"),
        ("DF 02", "F0"),
        ("F5 02", "F0"),
        ("BD 02 000000 000000", "F0"),
        ("BD 01 050000 000000", "BE"),
        ("BD 01 000000 060000", "BE"),
        ("BD 01 0000", "7E"),
        ("3D 01 000000 000000", "9E"),
        ("3D 01 000000 060000 00", "BE"),
        ("6C 01", "9D"),
        ("BB 01 000000 000000", "9D"),
        ("6A", "9D"),
        ("FC", "9D"),
        ("CA 010101 0F 05", "9D"),
        ("5C 00 00", "9D"),
        ("C7", "0C"),
        ("A7", "0C"),
    ],
)
def test_commands_about_files_are_checked(command: str, status: str) -> None:
    """Duplicates, parameters, lengths, boundaries, kinds, and commands that belong to the card."""
    table = free_application()
    table.ok("CD 01 00 EEEE 050000")
    assert table.send(command) == status


def test_access_rights_name_who_may_read_write_and_change() -> None:
    """Denied for ever with F, refused without the right key, free with E."""
    table = application(AES)
    table.ok("CD 01 00 FFFF 050000")
    table.ok("CD 02 00 3412 050000")
    table.ok("CD 03 00 E4E4 050000")
    assert table.send("BD 01 000000 000000") == "9D"
    assert table.send("5F 01 00 EEEE") == "9D"
    assert table.send("BD 02 000000 000000") == "AE"
    assert table.send("BD 03 000000 000000") == "00" * 5 + "00"
    assert table.send("3D 03 000000 010000 FF") == "00"
    read, write, both, change = (bytes.fromhex(f"02 000000 {n}0000") for n in ("05", "01", "01", "01"))
    assert table.run(transact(table.open(AES, 1), 0xBD, read, mode=Mode.PLAIN, length=5)) == bytes(5)
    table.run(transact(table.open(AES, 2), 0x3D, write, b"A", Mode.PLAIN))
    table.run(transact(table.open(AES, 3), 0x3D, both, b"B", Mode.PLAIN))
    assert refused(table, table.open(AES, 4), 0x3D, change.hex(), "43", Mode.PLAIN) == 0xAE
    table.run(transact(table.open(AES, 4), 0x5F, b"\x02", bytes.fromhex("00 EEEE"), ENCIPHERED))
    table.select()
    assert table.ok("BD 02 000000 010000") == "42"


@each_way
def test_an_error_ends_a_session_of_ev1_and_ev2_but_not_a_legacy_one(way: Way) -> None:
    """Seen by a command that needs the session."""
    table = application(way, settings="01")
    session = table.open(way)
    assert refused(table, session, 0xF5, "05") == 0xF0
    answer = table.send("6F")
    assert answer == ("AE" if way.ends_with_errors else "00")


def test_a_free_reader_with_a_session_gets_contents_in_clear() -> None:
    """Free access does not take the file's communication mode, whatever it is."""
    table = application(AES)
    table.ok("CD 03 03 E4E4 050000")
    read = bytes.fromhex("03 000000 050000")
    assert table.run(transact(table.open(AES, 1), 0xBD, read, mode=Mode.PLAIN, length=5)) == bytes(5)
    assert table.run(transact(table.open(AES, 0), 0xF5, b"\x03")) == bytes.fromhex("00 03 E4E4 050000")
