"""Sessions begin as they should, end with the first message that does not fit, and are not taken up again."""

import pytest

from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.channel import transact
from drivers.cards.desfire.protocol.ev2 import Ev2Session
from drivers.cards.desfire.protocol.session import Mode
from tests.simulators.cards.desfire.bench import (
    AID,
    ENCIPHERED,
    MACED,
    WAYS,
    ZERO,
    Table,
    Way,
    application,
    counting,
)

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
EV2_WAY = WAYS[4]
WRITE = bytes.fromhex("01 000000 050000")


def with_file(way: Way, mode: Mode) -> Table:
    """A standard file that key 1 writes, in an application with the master's settings closed."""
    table = application(way, settings="01")
    session = table.open(way)
    table.run(transact(session, 0xCD, bytes([1, mode.value, 0x11, 0x11, 5, 0, 0])))
    return table


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@each_way
@pytest.mark.parametrize("mode", [MACED, ENCIPHERED], ids=["maced", "enciphered"])
def test_a_flipped_bit_anywhere_in_a_protected_write_is_noticed(way: Way, mode: Mode) -> None:
    """Integrity error, and the file keeps what it has."""
    table = with_file(way, mode)
    payload = table.open(way, 1).seal(0x3D, WRITE, b"hello", mode)
    for at in range(len(WRITE), len(payload)):
        sealed = table.open(way, 1).seal(0x3D, WRITE, b"hello", mode)
        assert table.send((b"\x3d" + flipped(sealed, at)).hex()) == "1E"
    read = transact(table.open(way, 1), 0xBD, WRITE, mode=mode, length=5)
    assert table.run(read) == bytes(5)


@each_way
def test_a_message_cannot_be_sent_again_in_a_session_that_counts(way: Way) -> None:
    """A legacy session takes it a second time, as the old cards do."""
    table = with_file(way, MACED)
    message = (b"\x3d" + table.open(way, 1).seal(0x3D, WRITE, b"hello", MACED)).hex()
    assert table.send(message)[-2:] == "00"
    assert table.send(message) == ("1E" if way.ends_with_errors else "00")


@each_way
def test_a_proof_from_another_handshake_does_not_open_the_card(way: Way) -> None:
    """The challenge is drawn anew each time."""
    table = application(way)
    sent: list[bytes] = []

    def listen(apdu: bytes) -> bytes:
        sent.append(apdu)
        return table.card.answer(apdu)

    work = way.begin(0, way.key)
    first = next(work)
    assert isinstance(first, bytes)
    reply = work.send(listen(first))
    assert isinstance(reply, bytes)
    assert listen(reply)[-2:] == b"\x91\x00"
    assert table.card.answer(sent[0])[-2:] == b"\x91\xaf"
    assert table.card.answer(sent[1]) == b"\x91\xae"


def test_a_second_key_is_proved_within_a_transaction_of_ev2() -> None:
    """77 keeps identifier and counter."""
    table = application(EV2_WAY)
    session = table.open(EV2_WAY)
    assert isinstance(session, Ev2Session)
    table.run(transact(session, 0x6F))
    again = table.run(authenticate.ev2_non_first(session, 3, ZERO, counting()))
    assert again.key_no == 3
    assert table.run(transact(again, 0x64, b"\x03")) == b"\x00"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("77 00", "9D"),
        ("71 00", "7E"),
        ("71 00 01", "7E"),
        ("71 00 07 00000000000000", "7E"),
        ("71 05 00", "40"),
        ("AA", "7E"),
        ("AA 00 00", "7E"),
    ],
)
def test_a_handshake_must_begin_well(command: str, status: str) -> None:
    """State, lengths, key number."""
    assert application(EV2_WAY).send(command) == status


@each_way
def test_an_answer_of_the_wrong_length_fails_the_handshake(way: Way) -> None:
    """A length error, and nobody is authenticated."""
    table = application(way, settings="01")
    begin = {"d40": "0A00", "iso-des": "1A00", "iso-3k3des": "1A00", "aes": "AA00", "ev2": "71 00 00"}[way.name]
    assert table.send(begin)[-2:] == "AF"
    assert table.send("AF 00") == "7E"
    assert table.send("6F") == "AE"


@each_way
def test_beginning_again_ends_the_session_before(way: Way) -> None:
    """Even when the new handshake is not finished."""
    table = application(way, settings="01")
    table.open(way)
    assert table.send("0A 0F") == "40"
    assert table.send("6F") == "AE"


@each_way
def test_selecting_ends_a_session(way: Way) -> None:
    """Also when the same application is selected again."""
    table = application(way, settings="01")
    table.open(way)
    table.ok(f"5A {AID}")
    assert table.send("6F") == "AE"


@each_way
def test_the_true_uid_is_told_to_anyone_with_a_key(way: Way) -> None:
    """Enciphered; with any key of the application."""
    table = application(way)
    session = table.open(way, 4)
    assert table.run(transact(session, 0x51, mode=ENCIPHERED, length=7)) == table.card.true_uid
