"""The end of an enciphered answer is found by its length or its checksum, and anything odd there is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.crc import crc32
from drivers.cards.desfire.protocol.trailer import check_blocks, check_mac, split_mac, without_trailer
from gateway.ports.cards import CardGarbledError


def _status_too(data: bytes) -> bytes:
    return crc32(data + b"\x00")


@given(st.binary(max_size=40))
def test_data_before_the_checksum_come_back(data: bytes) -> None:
    told = data + _status_too(data) + bytes(3)
    assert without_trailer(told, len(data), _status_too) == data
    untold = data + _status_too(data) + b"\x80" + bytes(3)
    assert without_trailer(untold, None, _status_too) == data


@pytest.mark.parametrize("padding", ["010000", "800001", "000001", "800000"])
def test_padding_is_zeros_when_the_card_was_told_how_much_to_send(padding: str) -> None:
    with pytest.raises(CardGarbledError, match="checksum"):
        without_trailer(b"x" + _status_too(b"x") + bytes.fromhex(padding), 1, _status_too)


@pytest.mark.parametrize("padding", ["", "000000", "800001", "010000", "818000"])
def test_padding_is_marked_when_the_card_was_not_told(padding: str) -> None:
    with pytest.raises(CardGarbledError):
        without_trailer(b"x" + _status_too(b"x") + bytes.fromhex(padding), None, _status_too)


@pytest.mark.parametrize("length", [0, 2, 300])
def test_another_length_than_was_asked_for_is_refused(length: int) -> None:
    with pytest.raises(CardGarbledError, match="checksum"):
        without_trailer(b"x" + _status_too(b"x") + bytes(3), length, _status_too)


@pytest.mark.parametrize("plain", [b"", bytes(16), b"\x80" + bytes(7), b"abc\x80"])
def test_an_answer_too_short_for_a_checksum_is_refused(plain: bytes) -> None:
    for length in (None, 5):
        with pytest.raises(CardGarbledError):
            without_trailer(plain, length, _status_too)


@pytest.mark.parametrize("size", [0, 7, 9])
def test_ciphertext_is_whole_blocks(size: int) -> None:
    with pytest.raises(CardGarbledError, match="wrong length"):
        check_blocks(bytes(size), 8)


def test_a_mac_is_there_and_right() -> None:
    assert split_mac(b"dataMACMACMA", 8) == (b"data", b"MACMACMA")
    with pytest.raises(CardGarbledError, match="no MAC"):
        split_mac(bytes(7), 8)
    with pytest.raises(CardGarbledError, match="wrong MAC"):
        check_mac(bytes(8), bytes(7) + b"\x01")
