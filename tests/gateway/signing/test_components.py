"""Two components make one key that neither person knows; a check value tells typing errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.signing.components import check_value, combine

KEYS = st.binary(min_size=16, max_size=16)
ONE = bytes.fromhex("00112233445566778899aabbccddeeff")


def test_check_value_of_known_keys() -> None:
    """A block of zeros under the key of zeros starts 66 E9 4B (FIPS 197; NIST AESAVS), in both key sizes we meet."""
    assert check_value(bytes(16)) == "66E94B"
    assert check_value(bytes(32)) == "DC95C0"


@given(KEYS.filter(any), KEYS.filter(any))
def test_either_component_comes_back_from_the_key_and_the_other(one: bytes, two: bytes) -> None:
    """Exclusive or: nothing of the key shows in a component alone."""
    if one == two:
        return
    key = combine(one, two)
    assert key == combine(two, one)
    assert bytes(a ^ b for a, b in zip(key, one, strict=True)) == two


@pytest.mark.parametrize(("one", "two"), [(ONE, ONE), (ONE, bytes(16)), (bytes(16), ONE)])
def test_one_person_would_know_the_key(one: bytes, two: bytes) -> None:
    """Alike makes zeros; zeros makes the other component the key."""
    with pytest.raises(MalformedError, match="one person"):
        combine(one, two)


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_sixteen_bytes(size: int) -> None:
    """A component is as long as the key."""
    with pytest.raises(MalformedError, match="16 bytes"):
        combine(ONE, bytes(range(size)))
