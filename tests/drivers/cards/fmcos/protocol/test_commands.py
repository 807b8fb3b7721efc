"""FMCOS takes the protected commands that we build, and its status words are understood."""

import pytest

from drivers.cards.answers import RefusedError, accept, split
from drivers.cards.fmcos.protocol import commands, status
from drivers.cards.fmcos.protocol.ciphers import cryptogram, line_mac
from drivers.cards.fmcos.protocol.commands import FileType, KeyRecord, KeyType
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.desk import Tap

LINE_KEY = bytes(range(0x40, 0x50))
MAC_ONLY, ENCRYPTED = 0x80, 0xC0
DATA = bytes(range(21))


@pytest.fixture
def opened() -> Tap:
    tap = Tap.of("fmcos", bytes.fromhex("11223344"))
    challenge = accept(tap.answer(commands.get_challenge(8)), 8)
    accept(tap.answer(commands.external_authenticate(0, cryptogram(b"\xff" * 16, challenge))))
    for apdu in (
        commands.create_df(0x3F01, 0x200, 0x01, 0x01, b"PROTECTED"),
        commands.select(0x3F01),
        commands.create_key_file(0x50, 0x01),
        commands.add_key(0, KeyRecord(KeyType.LINE_PROTECTION, 0xF0, 0x01, 0xFF, 0x33, LINE_KEY)),
    ):
        accept(tap.answer(apdu))
    return tap


def _create(tap: Tap, protection: int) -> None:
    data = bytes([FileType.BINARY | protection, 0, len(DATA), 0xF0, 0xF0, 0xFF, 0x7F])
    accept(tap.answer(bytes([0x80, 0xE0, 0, 5, len(data)]) + data))


@pytest.mark.parametrize("size", [4, 8])
@pytest.mark.parametrize("protection", [MAC_ONLY, ENCRYPTED])
def test_a_protected_update_is_taken(opened: Tap, protection: int, size: int) -> None:
    _create(opened, protection)
    challenge = accept(opened.answer(commands.get_challenge(size)), size)
    protect = {MAC_ONLY: commands.with_mac, ENCRYPTED: commands.encrypted}[protection]
    # The card takes key number 3 minus the lowest two bits of its access byte: 7F stands for key 0.
    accept(opened.answer(protect(commands.update_binary(5, DATA), LINE_KEY, challenge)), 0)


def test_a_wrong_mac_is_refused(opened: Tap) -> None:
    _create(opened, MAC_ONLY)
    challenge = accept(opened.answer(commands.get_challenge(8)), 8)
    with pytest.raises(RefusedError):
        accept(opened.answer(commands.with_mac(commands.update_binary(5, DATA), bytes(16), challenge)))


def test_a_key_of_eight_bytes_makes_a_plain_cbc_mac() -> None:
    assert line_mac(LINE_KEY[:8], DATA, bytes(8)) == line_mac(LINE_KEY[:8] * 2, DATA, bytes(8))


@pytest.mark.parametrize(
    ("code", "left"), [(0x63C0, 0), (0x63C2, 2), (0x63CF, 15), (0x6983, 0), (0x6300, None), (0x9000, None)]
)
def test_tries_are_read_from_the_status(code: int, left: int | None) -> None:
    assert status.tries_left(code) == left


@pytest.mark.parametrize(("left", "word"), [(0, "locked for ever"), (2, "only 2 more")])
def test_the_desk_is_told_how_many_tries_are_left(left: int, word: str) -> None:
    assert word in str(status.locked(left))


@pytest.mark.parametrize("answer", [b"", b"\x90"])
def test_an_answer_without_status_is_garbled(answer: bytes) -> None:
    with pytest.raises(CardGarbledError):
        split(answer)


def test_a_key_record_shows_no_key() -> None:
    assert repr(KeyRecord(KeyType.EXTERNAL, 0xF0, 0xF0, 0xAA, 0x33, LINE_KEY)) == "KeyRecord(EXTERNAL, …)"
