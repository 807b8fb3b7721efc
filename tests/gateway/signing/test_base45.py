"""Base45 is that of RFC 9285, and each byte string has exactly one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.signing.base45 import ALPHABET, decode, encode


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_examples_of_the_rfc(data: bytes, text: str) -> None:
    """RFC 9285, 4.3 and 4.4."""
    assert encode(data) == text
    assert decode(text) == data


@pytest.mark.parametrize("text", ["GGW", ":::", "::", "A", "BB8A", "bb8", "BB?", "Ａ0"])
def test_no_base45(text: str) -> None:
    """Numbers too high (RFC 9285, 6), a lone digit and foreign characters are refused."""
    with pytest.raises(MalformedError):
        decode(text)


@given(st.binary(max_size=200))
def test_round_trip(data: bytes) -> None:
    """What was encoded comes back, in the alphabet of a QR code's alphanumeric mode, never ending in a space."""
    text = encode(data)
    assert decode(text) == data
    assert set(text) <= set(ALPHABET)
    assert not text.endswith(" ")


@given(st.text(ALPHABET, max_size=60))
def test_one_text_each(text: str) -> None:
    """A text that decodes at all is the one that its bytes encode to."""
    try:
        data = decode(text)
    except MalformedError:
        return
    assert encode(data) == text
