"""Short APDUs are taken apart as ISO 7816-4 cuts them, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.apdu import Apdu, StatusError, wrong_le


@pytest.mark.parametrize(
    ("raw", "data", "le"),
    [
        ("00A40000", "", None),
        ("00B0000010", "", 16),
        ("00B0000000", "", 0),
        ("00A40000023F00", "3F00", None),
        ("00A40000023F0000", "3F00", 0),
    ],
)
def test_the_four_cases(raw: str, data: str, le: int | None) -> None:
    """Without data and Le, with either, with both."""
    apdu = Apdu.parse(bytes.fromhex(raw))
    assert (apdu.data.hex().upper(), apdu.le) == (data, le)


@pytest.mark.parametrize("raw", ["", "00A400", "00A4000000AA", "00A40000023F", "00A40000023F000000", "00B000000000FF"])
def test_other_lengths_are_wrong(raw: str) -> None:
    """Too short, too long, Lc of zero, and extended length: 6700."""
    with pytest.raises(StatusError, match="6700"):
        Apdu.parse(bytes.fromhex(raw))


@given(
    head=st.binary(min_size=4, max_size=4),
    data=st.binary(min_size=1, max_size=255),
    le=st.none() | st.integers(0, 255),
)
def test_what_is_put_together_comes_apart(head: bytes, data: bytes, le: int | None) -> None:
    """Head, data and Le come back."""
    tail = b"" if le is None else bytes((le,))
    apdu = Apdu.parse(head + bytes((len(data),)) + data + tail)
    assert (bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2)), apdu.data, apdu.le) == (head, data, le)


def test_the_right_le_is_told() -> None:
    """6Cxx."""
    assert wrong_le(0x20).to_wire() == b"\x6c\x20"
