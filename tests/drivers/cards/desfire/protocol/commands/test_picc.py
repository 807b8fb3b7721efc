"""Commands about the whole card have the bytes of recorded sessions, and answers of another form are refused."""

import pytest

from drivers.cards.ciphers import BlockCipher
from drivers.cards.desfire.protocol.commands import picc
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.ev2 import Ev2Keys, Ev2Session
from drivers.cards.desfire.protocol.framing import wrap
from drivers.cards.desfire.protocol.session import Mode
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.desfire.protocol.commands.script import one, play

HARDWARE, SOFTWARE = "04010101001A05", "04010101041A05"
UID, BATCH = "04063F72633480", "BA4519E3204913"
DES_SESSION = "849A36C44ED0B658849A36C44ED0B658"


def ev1(iv: str = "0000000000000000") -> Ev1Session:
    """Session 1 of the recorded examples of sotechcllc/RFDoorLock, key 0, DES."""
    return Ev1Session(0, BlockCipher.des(bytes.fromhex(DES_SESSION)), bytes.fromhex(iv))


def ev2(enc: str, mac: str, transaction: str, counter: int) -> Ev2Session:
    keys = Ev2Keys(BlockCipher.aes(bytes.fromhex(enc)), BlockCipher.aes(bytes.fromhex(mac)))
    return Ev2Session(0, keys, bytes.fromhex(transaction), counter)


def test_the_version_comes_in_three_frames() -> None:
    """Hardware, software and production; the UID is the card's own."""
    version, sent = play(picc.get_version(), HARDWARE + "91AF", SOFTWARE + "91AF", UID + BATCH + "9100")
    assert sent == ["9060000000", "90AF000000", "90AF000000"]
    assert (version.vendor, version.card_type, version.hardware_major, version.software_minor) == (4, 1, 1, 4)
    assert version.uid.hex().upper() == UID


def test_the_version_in_a_session_carries_the_recorded_mac() -> None:
    """As a real card answered (DESFIRE-EV1-CMD-001)."""
    version, _ = play(
        picc.get_version(ev1()), HARDWARE + "91AF", SOFTWARE + "91AF", UID + BATCH + "CDC810BAFA401759" + "9100"
    )
    assert version.storage == 0x1A


@pytest.mark.parametrize("last", ["9100", UID + BATCH + "00009100", UID + "9100"])
def test_a_cut_version_is_garbled(last: str) -> None:
    """Nothing is made of an answer of another length."""
    with pytest.raises(CardGarbledError):
        play(picc.get_version(), HARDWARE + "91AF", SOFTWARE + "91AF", last)


def test_formatting_is_one_byte() -> None:
    """As recorded (DESFIRE-EV1-CMD-002), with the card's MAC."""
    _, sent = one(picc.format_picc(ev1("CDC810BAFA401759")), "9C2C813A065C45F7" + "9100")
    assert sent == "90FC000000"


def test_free_memory_counts_from_the_low_byte() -> None:
    """Three bytes, least significant first."""
    left, sent = one(picc.free_memory(), "401E00" + "9100")
    assert (left, sent) == (0x1E40, "906E000000")


def test_the_real_uid_is_read_in_a_session() -> None:
    """The exchange of NXP AN12196 for GetCardUID (EV2-CMD-001)."""
    session = ev2("C1D7BD9F60034D8432F9AF3403D573D0", "FD9E26C9766F07C1D07106C0F8F3671F", "569D4B24", 0)
    answer = "CDFFBF6D34231DA2789DA9D3AB15D560CE75E39EDBE94C2F"
    uid, sent = one(picc.get_card_uid(session), answer + "9100")
    assert sent == "90510000085CA9EF7C912A391B00"
    assert uid.hex().upper() == "04DE5F1EACC040"


@pytest.mark.parametrize(
    ("random_uid", "forbid_format", "options"), [(True, True, 3), (True, False, 2), (False, True, 1)]
)
def test_the_configuration_says_what_may_not_be_undone(random_uid: bool, forbid_format: bool, options: int) -> None:  # noqa: FBT001 - a table
    """One byte of options behind the option's number, enciphered with its checksum."""
    expected = ev1().seal(0x5C, b"\x00", bytes([options]), Mode.ENCIPHERED)
    procedure = picc.set_configuration(ev1(), random_uid=random_uid, forbid_format=forbid_format)
    assert next(procedure) == wrap(0x5C, expected)
