"""What is sealed for one card opens on that card only, whatever is changed in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards import record
from gateway.domain.card_data import CardData, HolderClass
from gateway.ports.cards import CardGarbledError

UID = bytes.fromhex("04AABBCC112233")
KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
DATA = CardData(0x0102, bytes(range(1, 9)), 0x66000000, 3, HolderClass.STAFF)


def test_the_data_lie_in_front_of_the_issuers_cmac() -> None:
    """24 bytes in the order of the layout, then the first 8 bytes of the CMAC over UID and data."""
    sealed = record.seal(DATA, UID, KEY)
    assert sealed[:24].hex() == "0101020102030405060708660000000303" + "00" * 7
    assert sealed[24:].hex() == "ce82378d86746b9e"
    assert record.open(sealed, UID, KEY) == DATA


@given(st.integers(0, 32 * 8 - 1))
def test_one_changed_bit_is_noticed(bit: int) -> None:
    """Every single bit of the 32 bytes is covered."""
    sealed = bytearray(record.seal(DATA, UID, KEY))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CardGarbledError):
        record.open(bytes(sealed), UID, KEY)


def test_a_copy_on_another_card_is_noticed() -> None:
    """The UID is part of what is sealed."""
    with pytest.raises(CardGarbledError):
        record.open(record.seal(DATA, UID, KEY), bytes.fromhex("04AABBCC112234"), KEY)


@given(st.binary(max_size=40))
def test_rubbish_is_told_as_such(rubbish: bytes) -> None:
    """Whatever stands in the file, only CardGarbledError is raised."""
    with pytest.raises(CardGarbledError):
        record.open(rubbish, UID, KEY)
