"""Value blocks hold a number three times and an address four times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.classic import value


def test_the_data_sheet_s_layout() -> None:
    """NXP MF1S50yyX, 8.6.2.1: its example of 1234567 at block 11h; and 1 at block 0 as OMNIKEY's users write it."""
    assert value.encode(1234567, 0x11).hex().upper() == "87D612007829EDFF87D6120011EE11EE"
    assert value.encode(1, 0).hex().upper() == "01000000FEFFFFFF0100000000FF00FF"


@given(amount=st.integers(-(1 << 31), (1 << 31) - 1), address=st.integers(0, 255))
def test_round_trip(amount: int, address: int) -> None:
    """Whatever fits comes back."""
    assert value.fits(amount)
    assert value.decode(value.encode(amount, address)) == (amount, address)


@given(position=st.integers(0, 15), flip=st.integers(1, 255))
def test_any_broken_byte_is_seen(position: int, flip: int) -> None:
    """No single copy can lie."""
    block = bytearray(value.encode(-5, 9))
    block[position] ^= flip
    assert value.decode(bytes(block)) is None


@pytest.mark.parametrize("amount", [1 << 31, -(1 << 31) - 1])
def test_more_than_four_bytes_do_not_fit(amount: int) -> None:
    """Nor less."""
    assert not value.fits(amount)
