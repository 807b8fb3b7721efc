"""Commands and answers of any length go through frames whole, and a card that breaks the rules is told on."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.desfire.protocol import framing
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, status_words
from drivers.cards.exchange import drive
from gateway.ports.cards import CardError, CardGarbledError


def _says(*answers: str) -> Callable[[bytes], bytes]:
    left = iter(answers)
    return lambda _apdu: bytes.fromhex(next(left))


def test_wraps_as_recorded() -> None:
    assert framing.wrap(0xAA, b"\x00") == bytes.fromhex("90AA0000010000")
    assert framing.wrap(0x60) == bytes.fromhex("9060000000")


def test_a_recorded_write_of_55_bytes_goes_in_two_frames() -> None:
    """libfreefare-java's AESEncryptionTest: 90 3D 00 00 36 …, then 90 AF 00 00 01 …."""
    first, second = framing.native(0x3D, bytes(range(55)))
    assert first == bytes.fromhex("903D000036") + bytes(range(54)) + b"\x00"
    assert second == bytes.fromhex("90AF0000013600")


@given(payload=st.binary(max_size=300), answer=st.binary(max_size=300))
def test_what_is_sent_and_answered_arrives_whole(payload: bytes, answer: bytes) -> None:
    heard = b""
    rest = answer

    def card(apdu: bytes) -> bytes:
        nonlocal heard, rest
        if len(heard) < len(payload):
            heard += apdu[5:-1]
            if len(heard) < len(payload):
                return b"\x91\xaf"
        now, rest = rest[:59], rest[59:]
        return now + (b"\x91\xaf" if rest else b"\x91\x00")

    assert drive(framing.exchange(0x3D, payload), card) == (0, answer)
    assert heard == payload


def test_an_error_status_is_returned_or_raised_with_its_name() -> None:
    assert drive(framing.exchange(0xBD), _says("919D")) == (0x9D, b"")
    with pytest.raises(DesfireRefusedError, match=r"BD: 9D \(permission denied\)") as refusal:
        drive(framing.command(0xBD), _says("919D"))
    assert refusal.value.status == 0x9D
    assert drive(framing.command(0xBD), _says("019100")) == b"\x01"
    assert status_words(0x77) == "77"


def test_an_error_in_the_middle_of_a_command_ends_it() -> None:
    assert drive(framing.exchange(0x3D, bytes(120)), _says("91AF", "917E")) == (0x7E, b"")


@pytest.mark.parametrize("answers", [("9100",), ("0191AF",), ("91AF", "9100")])
def test_an_answer_before_the_command_is_whole_is_garbled(answers: tuple[str, ...]) -> None:
    with pytest.raises(CardGarbledError, match="whole command"):
        drive(framing.exchange(0x3D, bytes(120)), _says(*answers))


def test_an_answer_without_end_is_garbled() -> None:
    with pytest.raises(CardGarbledError, match="does not end"):
        drive(framing.exchange(0xBD), lambda _apdu: bytes(59) + b"\x91\xaf")
    with pytest.raises(CardGarbledError, match="does not end"):
        drive(framing.exchange(0xBD), lambda _apdu: b"\x91\xaf")


@pytest.mark.parametrize("answer", ["", "91"])
def test_an_answer_without_status_is_garbled(answer: str) -> None:
    with pytest.raises(CardGarbledError, match="no status"):
        drive(framing.exchange(0xBD), _says(answer))


def test_a_status_of_the_iso_commands_is_refused_as_it_stands() -> None:
    with pytest.raises(DesfireRefusedError, match="6E00") as refusal:
        drive(framing.exchange(0xBD), _says("6E00"))
    assert refusal.value.status == 0x6E00


@given(st.lists(st.binary(max_size=70), max_size=10))
def test_rubbish_gives_only_the_errors_of_cards(answers: list[bytes]) -> None:
    left = iter(answers)
    try:
        status, _data = drive(framing.exchange(0x3D, bytes(100)), lambda _apdu: next(left, b""))
    except CardError:
        return
    assert 0 <= status <= 0xFF
