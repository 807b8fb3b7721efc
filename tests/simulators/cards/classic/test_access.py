"""Access bits are read as the data sheet writes them, and contradictions are seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.classic.access import conditions


@pytest.mark.parametrize(
    ("access", "groups"),
    [
        ("FF0780", (0b000, 0b000, 0b000, 0b001)),  # transport configuration: MF1S50yyX, 8.7.1
        ("7F0788", (0b000, 0b000, 0b000, 0b011)),  # NFC Forum sector: NXP AN1304
        ("787788", (0b100, 0b100, 0b100, 0b011)),  # MIFARE application directory: NXP AN10787
    ],
)
def test_known_configurations(access: str, groups: tuple[int, ...]) -> None:
    """C1 is the highest bit."""
    assert conditions(bytes.fromhex(access)) == groups


def bits(groups: tuple[int, ...]) -> bytes:
    """Bytes 6 to 8, bit by bit after figure 10 of the data sheet."""
    c1, c2, c3 = (sum((group >> shift & 1) << n for n, group in enumerate(groups)) for shift in (2, 1, 0))
    return bytes(((~c2 & 15) << 4 | ~c1 & 15, c1 << 4 | ~c3 & 15, c3 << 4 | c2))


@given(groups=st.tuples(*[st.integers(0, 7)] * 4), bit=st.integers(0, 23))
def test_every_configuration_and_every_flipped_bit(groups: tuple[int, ...], bit: int) -> None:
    """All 4096 are valid; with any single bit wrong none is."""
    good = bits(groups)
    assert conditions(good) == groups
    assert conditions((int.from_bytes(good) ^ 1 << bit).to_bytes(3)) is None


def test_a_published_bad_example() -> None:
    """FF 07 81 would lock a sector for ever."""
    assert conditions(bytes.fromhex("FF0781")) is None
