"""Keys can be changed by whom the settings say, and only with the right checksums."""

import pytest

from drivers.cards.desfire.protocol.channel import change_key, transact
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, WrongKeyError
from drivers.cards.desfire.protocol.keys import KeyKind
from tests.simulators.cards.desfire.bench import ENCIPHERED, WAYS, Table, Way, application

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
KINDS = {0x00: KeyKind.DES, 0x40: KeyKind.TDES3, 0x80: KeyKind.AES}
AES = WAYS[3]


def new_key(way: Way) -> bytes:
    return bytes(range(0x30, 0x30 + 2 * len(way.key), 2))


def change(
    table: Table, way: Way, proved: int, number: int, *, key: bytes | None = None, old: bytes | None = None
) -> None:
    """Authenticates with a blank key and changes another, or the same one."""
    session = table.open(way, proved)
    before = None if proved == number else old or way.key
    wanted = new_key(way) if key is None else key
    table.run(change_key(session, number, wanted, 0x21, old_key=before, kind=KINDS[way.kind]))


@each_way
def test_the_key_in_use_and_another_one_can_be_changed(way: Way) -> None:
    """Only the new key opens the application then; its version can be asked for."""
    table = application(way)
    for proved, number in ((0, 3), (0, 0)):
        change(table, way, proved, number)
        table.select()
        assert table.ok(f"64 {number:02X}") == "21"
        with pytest.raises(WrongKeyError):
            table.open(way, number)
        assert table.open(way, number, new_key(way)).key_no == number


@each_way
def test_changing_the_key_in_use_ends_the_session(way: Way) -> None:
    """The next command is refused as without authentication."""
    table = application(way, settings="01")
    change(table, way, 0, 0)
    assert table.send("6F") == "AE"


@each_way
def test_the_card_s_key_can_become_any_kind_and_des_again(way: Way) -> None:
    """The key number's upper bits name the new kind."""
    table = Table(way.profile)
    start = WAYS[0]
    table.run(change_key(table.open(start), way.kind, new_key(way), 0x21, old_key=None, kind=KINDS[way.kind]))
    assert table.ok("45") == f"0F{way.kind | 1:02X}"
    session = table.open(way, 0, new_key(way))
    table.run(change_key(session, 0x00, bytes(16), 0, old_key=None, kind=KeyKind.DES))
    assert table.ok("45") == "0F01"
    assert table.open(start).key_no == 0


@each_way
def test_a_wrong_old_key_is_an_integrity_error(way: Way) -> None:
    """The checksum of the new key does not fit; the key stays."""
    table = application(way)
    with pytest.raises(DesfireRefusedError) as error:
        change(table, way, 0, 2, old=b"\x10" * len(way.key))
    assert error.value.status == 0x1E
    assert table.open(way, 2).key_no == 2


@pytest.mark.parametrize(
    ("settings", "proved", "number", "status"),
    [
        ("0F", 1, 1, 0xAE),  # 0: the master key changes keys
        ("0F", 1, 0, 0xAE),
        ("2F", 0, 1, 0xAE),  # 2: key 2 does
        ("2F", 2, 1, None),
        ("2F", 2, 0, 0xAE),  # but not the master key
        ("2F", 0, 0, None),
        ("EF", 1, 1, None),  # E: each key itself
        ("EF", 0, 1, 0xAE),
        ("FF", 0, 1, 0x9D),  # F: none
        ("FF", 0, 0, None),
        ("0E", 0, 0, 0x9D),  # bit 0: nor the master key
        ("0F", 0, 5, 0x40),
    ],
)
def test_the_settings_say_who_may_change_which_key(settings: str, proved: int, number: int, status: int | None) -> None:
    """The upper half of the settings, and bit 0 for the master key."""
    table = application(AES, settings=settings)
    if status is None:
        change(table, AES, proved, number)
        table.select()
        assert table.ok(f"64 {number:02X}") == "21"
        return
    with pytest.raises(DesfireRefusedError) as error:
        change(table, AES, proved, number)
    assert error.value.status == status
    assert table.ok("64 00") == "00"


@each_way
def test_new_applications_get_the_default_key(way: Way) -> None:
    """SetConfiguration 01: 24 bytes, of which each kind takes as many as it needs, and a version for AES."""
    table = Table(way.profile)
    fill = bytes(range(1, 25))
    table.run(transact(table.open(WAYS[1]), 0x5C, b"\x01", fill + b"\x07", ENCIPHERED))
    table.ok("5A 000000")
    table.ok(f"CA 010101 0F {way.kind | 1:02X}")
    table.ok("5A 010101")
    assert table.open(way, 0, fill[: len(way.key)]).key_no == 0
    table.select("010101")
    assert (table.ok("64 00") == "07") is (way.kind == 0x80)
