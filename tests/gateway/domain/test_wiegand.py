"""Wiegand frames: parity is checked, data bits come out.

Golden frames: liblogicalaccess, tests/unittest/test_format.cpp (commit f5f4d24d); the 26-bit frame with wrong
parity: osdp-python, tests/test_reply.py (commit 569b36c4).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity
from gateway.domain.wiegand import FORMATS, identity_of_frame

GOLDEN = [
    (34, "0000000000000000000100110100010011", 9865),
    (34, "0000000000101100100100110001001011", 89 << 16 | 9765),  # H10306: facility 89
    (37, "0000000000000000000110000001110011011", 98765),
    (37, "0000000000000111100101110100001000010", 15 << 19 | 95265),  # H10304: facility 15
]


@pytest.mark.parametrize(("bits", "frame", "data"), GOLDEN)
def test_golden_frames(bits: int, frame: str, data: int) -> None:
    """Both ways."""
    assert FORMATS[bits].decode(int(frame, 2)) == data
    assert format(FORMATS[bits].encode(data), f"0{bits}b") == frame


def test_wrong_parity_is_refused() -> None:
    """A real reader's frame CD22C716 has 26 bits, and its last one is wrong."""
    frame = 0xCD22C716 >> 6
    with pytest.raises(MalformedError, match="26 bits"):
        FORMATS[26].decode(frame)
    assert FORMATS[26].decode(frame ^ 1) == 154 << 16 | 17806


@given(
    st.sampled_from(sorted(FORMATS)).flatmap(
        lambda bits: st.tuples(st.just(bits), st.integers(0, 2 ** (bits - 2) - 1), st.integers(0, bits - 1))
    )
)
def test_one_flipped_bit_is_seen(case: tuple[int, int, int]) -> None:
    """Round trip, and no frame with one wrong bit is taken."""
    bits, data, flipped = case
    frame = FORMATS[bits].encode(data)
    assert FORMATS[bits].decode(frame) == data
    with pytest.raises(MalformedError):
        FORMATS[bits].decode(frame ^ 1 << flipped)


def test_too_large_a_number_is_refused() -> None:
    """26 bits carry 24."""
    with pytest.raises(MalformedError):
        FORMATS[26].encode(1 << 24)


def test_identities_of_frames() -> None:
    """Parity off where the format is known; all bits where it is not."""
    assert identity_of_frame(34, int(GOLDEN[0][1], 2)) == Identity.wiegand(32, 9865)
    assert identity_of_frame(42, 5) == Identity.wiegand(42, 5)
