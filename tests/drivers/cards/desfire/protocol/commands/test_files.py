"""Files are created, described and deleted as the data sheet says; numbers go least significant byte first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ciphers import BlockCipher
from drivers.cards.desfire.protocol.commands import files
from drivers.cards.desfire.protocol.commands.file_settings import (
    AccessRights,
    DataFile,
    FileSettings,
    RecordFile,
    ValueFile,
    parse_file_settings,
)
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.session import Mode
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.desfire.protocol.commands.script import one

RIGHTS = AccessRights(read=1, write=2, read_write=0, change=0xF)
VALUE = ValueFile(Mode.MACED, RIGHTS, -1, 0x01020304, 5, limited_credit=True)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        (DataFile(Mode.PLAIN, RIGHTS, 0x010203, backup=False), "90CD00000707000F1203020100"),
        (DataFile(Mode.ENCIPHERED, RIGHTS, 32), "90CB00000707030F1220000000"),
        (VALUE, "90CC00001107010F12FFFFFFFF04030201050000000100"),
        (RecordFile(Mode.PLAIN, RIGHTS, 16, 5, cyclic=False), "90C100000A07000F1210000005000000"),
        (RecordFile(Mode.PLAIN, RIGHTS, 16, 5, cyclic=True), "90C000000A07000F1210000005000000"),
    ],
)
def test_each_type_has_its_own_command(settings: FileSettings, sent: str) -> None:
    """Number, mode, rights, and what the type needs."""
    assert one(files.create_file(None, 7, settings))[1] == sent


def test_settings_of_a_file_are_as_recorded() -> None:
    """DESFIRE-EV1-CMD-024: file 0F of a real card is a standard file of 100 bytes, enciphered."""
    session = Ev1Session(0, BlockCipher.aes(bytes.fromhex("41B4719A4FEB2C3A8A491196F448157C")))
    settings, sent = one(files.file_settings(session, 0x0F), "00035412640000" + "7EFDE2C2C81AD236" + "9100")
    assert sent == "90F50000010F00"
    assert settings == DataFile(Mode.ENCIPHERED, AccessRights(1, 2, 5, 4), 100, backup=False)


def test_the_other_types_are_told_apart() -> None:
    """Type 02 is a value, 03 and 04 are records."""
    assert parse_file_settings(0xF5, bytes.fromhex("02010F12FFFFFFFF040302010500000001")) == VALUE
    told = parse_file_settings(0xF5, bytes.fromhex("0400EEEE100000050000020000"))
    assert told == RecordFile(Mode.PLAIN, AccessRights(14, 14, 14, 14), 16, 5, cyclic=True, written=2)


@given(st.binary(max_size=24))
def test_rubbish_is_settings_or_garbled(rubbish: bytes) -> None:
    """Nothing else is raised, whatever the card tells."""
    try:
        parse_file_settings(0xF5, rubbish)
    except CardGarbledError:
        return
    assert len(rubbish) >= 7


@given(st.integers(0, 0xFFFF))
def test_rights_come_back(rights: int) -> None:
    """Encoding undoes decoding."""
    wire = rights.to_bytes(2, "little")
    assert AccessRights.decode(wire).encode() == wire


def test_file_numbers_are_listed() -> None:
    """One byte a file."""
    assert one(files.file_ids(), "01029100") == (b"\x01\x02", "906F000000")


def test_free_settings_change_without_a_session() -> None:
    """Mode and rights, in the clear."""
    assert one(files.change_file_settings(None, 1, Mode.MACED, RIGHTS))[1] == "905F00000401010F1200"


def test_transactions_and_deletion_are_one_command() -> None:
    """Commit, abort, delete."""
    sent = [one(p)[1] for p in (files.commit(None), files.abort(None), files.delete_file(None, 2))]
    assert sent == ["90C7000000", "90A7000000", "90DF0000010200"]
