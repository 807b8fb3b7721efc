"""CBOR is written in one way and anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.signing.cbor import dumps, loads

# RFC 8949, appendix A, and 4.2.1 for the order of keys.
GOLDEN = [
    (0, "00"),
    (1000, "1903e8"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-8, "27"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("水", "63e6b0b4"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    ({"b": 2, "aa": 3, "a": 1}, "a3616101616202626161" + "03"),
    ({}, "a0"),
    (None, "f6"),
]


@pytest.mark.parametrize(("value", "encoded"), GOLDEN)
def test_golden_bytes(value: object, encoded: str) -> None:
    """Values of the standard's appendix have the standard's bytes, both ways."""
    assert dumps(value).hex() == encoded
    assert loads(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    "encoded",
    [
        "1801",  # 1 in two bytes
        "0101",  # something behind it
        "9fff",  # indefinite array
        "5f4101ff",  # indefinite string
        "a2616201616102",  # keys out of order
        "a2616101616102",  # a key twice
        "c11a514b67b0",  # a date
        "c4821a3b9aca0003",  # a number with a billion digits
        "d82363612e2a",  # a regular expression
        "fb3ff0000000000000",  # 1.0 in eight bytes
        "62c328",  # not UTF-8
        "5b7fffffffffffffff",  # a string as long as the address space
        "81" * 40 + "80",  # too deep
        "",
    ],
)
def test_refuses(encoded: str) -> None:
    """Whatever is not the deterministic form is refused with the documented error."""
    with pytest.raises(MalformedError):
        loads(bytes.fromhex(encoded))


def test_size_is_checked_before_reading() -> None:
    """A payload over the limit is refused."""
    with pytest.raises(MalformedError, match="more than the 10 allowed"):
        loads(dumps(b"x" * 20), limit=10)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """What is read at all has exactly these bytes; everything else raises MalformedError."""
    try:
        value = loads(data)
    except MalformedError:
        return
    assert dumps(value) == data
