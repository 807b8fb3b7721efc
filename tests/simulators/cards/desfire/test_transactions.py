"""Backup, value and record files change at the commit, all of them or none."""

from collections.abc import Callable

import pytest

from drivers.cards.desfire.protocol.channel import transact
from drivers.cards.desfire.protocol.session import Mode
from tests.simulators.cards.desfire.bench import (
    AID,
    MODES,
    WAYS,
    Table,
    Way,
    application,
    free_application,
)

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())


def le(number: int, size: int = 3) -> bytes:
    return number.to_bytes(size, "little", signed=size == 4)


def transaction() -> Table:
    """A card on which every kind of file has a change that waits for its commit."""
    table = free_application()
    table.ok("CB 01 00 EEEE 050000")
    table.ok("CC 02 00 EEEE 00000000 64000000 0A000000 01")
    table.ok("C1 03 00 EEEE 020000 030000")
    table.ok("C0 04 00 EEEE 020000 030000")
    table.ok("3D 01 010000 020000 4142")
    table.ok("0C 02 05000000")
    table.ok("DC 02 03000000")
    table.ok("3B 03 000000 020000 0102")
    table.ok("3B 04 000000 010000 03")
    table.ok("3B 04 010000 010000 04")
    return table


def seen(table: Table) -> tuple[str, str, str, str]:
    records = [table.send(f"BB {number:02X} 000000 000000") for number in (3, 4)]
    return table.ok("BD 01 000000 000000"), table.ok("6C 02"), records[0], records[1]


BEFORE = ("0000000000", "0A000000", "BE", "BE")
AFTER = ("0041420000", "0C000000", "010200", "030400")


def test_a_commit_shows_all_changes_at_once() -> None:
    """Reading in between shows the old state."""
    table = transaction()
    assert table.ok("BD 01 000000 000000") == BEFORE[0]
    assert table.ok("6C 02") == BEFORE[1]
    assert table.ok("F5 03")[-6:] == "000000"
    table.ok("C7")
    assert seen(table) == AFTER
    assert table.send("C7") == "0C"


def abort(table: Table) -> None:
    table.ok("A7")


def lose_power(table: Table) -> None:
    table.card.reset()
    table.ok(f"5A {AID}")


def select_again(table: Table) -> None:
    table.ok(f"5A {AID}")


def select_another(table: Table) -> None:
    table.ok("5A 000000")
    table.ok(f"5A {AID}")


def select_nothing(table: Table) -> None:
    assert table.send("5A 777777") == "A0"
    table.ok(f"5A {AID}")


def fail_to_authenticate(table: Table) -> None:
    assert table.send("0A 00") == "40"


def read_nonsense(table: Table) -> None:
    assert table.send("BD 01 090000 000000") == "BE"


def select_by_name(table: Table) -> None:
    assert table.raw("00A4040007D276000085010000") == "9000"
    table.ok(f"5A {AID}")


@pytest.mark.parametrize(
    "end",
    [
        abort,
        lose_power,
        select_again,
        select_another,
        select_nothing,
        fail_to_authenticate,
        read_nonsense,
        select_by_name,
    ],
)
def test_what_was_not_committed_is_gone(end: Callable[[Table], None]) -> None:
    """After an abort, power loss, any selection, failed authentication and any refused command."""
    table = transaction()
    end(table)
    assert table.send("C7") == "0C"
    assert seen(table) == BEFORE


def test_another_key_may_be_proved_within_a_transaction() -> None:
    """One key writes, another commits."""
    way = WAYS[3]
    table = application(way)
    table.ok("CB 01 01 1042 050000")
    session = table.open(way, 2)
    table.run(transact(session, 0x3D, b"\x01" + le(0) + le(2), b"AB", MODES[1]))
    table.run(transact(table.open(way, 3), 0xC7))
    read = b"\x01" + le(0) + le(5)
    assert table.run(transact(table.open(way, 4), 0xBD, read, mode=MODES[1], length=5)) == b"AB" + bytes(3)


@each_way
@each_mode
def test_contents_of_every_kind_travel_in_every_mode(way: Way, mode: Mode) -> None:
    """Data in several frames, values and records, through sessions of the driver."""
    table = application(way)
    session = table.open(way, 1)
    table.run(transact(session, 0xCB, b"\x01" + bytes([mode.value]) + b"\x11\x11" + le(200)))
    table.run(
        transact(
            session, 0xCC, b"\x02" + bytes([mode.value]) + b"\x11\x11" + le(-9, 4) + le(99, 4) + le(7, 4) + b"\x01"
        )
    )
    table.run(transact(session, 0xC0, b"\x03" + bytes([mode.value]) + b"\x11\x11" + le(20) + le(4)))
    text = bytes(range(190))
    table.run(transact(session, 0x3D, b"\x01" + le(5) + le(190), text, mode))
    table.run(transact(session, 0x0C, b"\x02", le(50, 4), mode))
    table.run(transact(session, 0xDC, b"\x02", le(60, 4), mode))
    table.run(transact(session, 0x3B, b"\x03" + le(1) + le(4), b"abcd", mode))
    table.run(transact(session, 0xC7))
    read = transact(session, 0xBD, b"\x01" + le(0) + le(200), mode=mode, length=200)
    assert table.run(read) == bytes(5) + text + bytes(5)
    assert table.run(transact(session, 0xBD, b"\x01" + le(190) + le(0), mode=mode))[:10] == text[-5:] + bytes(5)
    assert table.run(transact(session, 0x6C, b"\x02", mode=mode, length=4)) == le(-3, 4)
    record = transact(session, 0xBB, b"\x03" + le(0) + le(1), mode=mode, length=20)
    assert table.run(record) == b"\x00abcd" + bytes(15)
    table.run(transact(session, 0x1C, b"\x02", le(60, 4), mode))
    table.run(transact(session, 0xC7))
    assert table.run(transact(session, 0x6C, b"\x02", mode=mode, length=4)) == le(57, 4)


def test_a_value_stays_within_its_limits() -> None:
    """BOUNDARY, and the transaction is gone."""
    table = transaction()
    table.ok("C7")
    assert table.send("0C 02 64000000") == "BE"
    assert table.send("DC 02 0D000000") == "BE"
    assert table.send("DC 02 FFFFFFFF") == "9E"
    table.ok("DC 02 0C000000")
    table.ok("C7")
    assert table.ok("6C 02") == "00000000"


def test_limited_credit_gives_back_once_what_the_last_transaction_took() -> None:
    """No more than that, and not when the file was made without it."""
    table = transaction()
    table.ok("C7")
    assert table.ok("F5 02")[24:32] == "03000000"
    assert table.send("1C 02 04000000") == "BE"
    table.ok("1C 02 01000000")
    assert table.send("1C 02 01000000") == "BE"
    table.ok("1C 02 02000000")
    table.ok("C7")
    assert table.ok("6C 02") == "0E000000"
    assert table.send("1C 02 01000000") == "BE"
    table.ok("CC 05 00 EEEE 00000000 64000000 0A000000 00")
    table.ok("DC 05 05000000")
    table.ok("C7")
    assert table.send("1C 05 01000000") == "9D"


def test_free_get_value_needs_no_right() -> None:
    """Bit 1 of the last byte at creation."""
    table = application(WAYS[3])
    table.ok("CC 01 03 1111 00000000 64000000 0A000000 02")
    table.ok("CC 02 03 1111 00000000 64000000 0A000000 00")
    assert table.ok("6C 01") == "0A000000"
    assert table.send("6C 02") == "AE"


def test_a_linear_file_fills_up_and_a_cyclic_one_forgets_the_oldest() -> None:
    """One place of a cyclic file is for the record that is being written."""
    table = free_application()
    table.ok("C1 01 00 EEEE 010000 020000")
    table.ok("C0 02 00 EEEE 010000 030000")
    for number in range(2):
        table.ok(f"3B 01 000000 010000 0{number}")
        table.ok("C7")
    assert table.send("3B 01 000000 010000 09") == "BE"
    for number in range(5):
        table.ok(f"3B 02 000000 010000 0{number}")
        table.ok("C7")
    assert table.ok("BB 01 000000 000000") == "0001"
    assert table.ok("BB 02 000000 000000") == "0304"
    assert table.ok("BB 02 000000 010000") == "04"
    assert table.ok("BB 02 010000 000000") == "03"
    assert table.send("BB 02 000000 030000") == "BE"
    assert table.send("3B 02 000000 020000 0000") == "BE"


def test_records_are_cleared_by_the_commit_and_not_written_before() -> None:
    """Writing after clearing is denied within one transaction."""
    table = transaction()
    table.ok("C7")
    table.ok("EB 03")
    assert table.send("3B 03 000000 010000 07") == "9D"
    assert table.ok("BB 03 000000 000000") == "0102"
    table.ok("EB 03")
    table.ok("C7")
    assert table.send("BB 03 000000 000000") == "BE"
    table.ok("3B 03 000000 010000 07")
    table.ok("C7")
    assert table.ok("BB 03 000000 000000") == "0700"
