"""A PIN is what stands between two # keys."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp.protocol.keypad import PinPad


def test_star_and_silence_clear() -> None:
    """Half a PIN from another person never becomes part of the next."""
    pad = PinPad()
    assert pad.typed(b"12", 0.0) == []
    assert [p.value for p in pad.typed(b"3456\r", 11.0)] == [b"3456"]
    assert [p.value for p in pad.typed(b"99\x7f1234\r", 12.0)] == [b"1234"]


def test_too_short_and_too_long_are_dropped() -> None:
    """Three digits are no PIN, nor are thirteen."""
    pad = PinPad()
    assert pad.typed(b"123\r", 0.0) == []
    assert pad.typed(b"1" * 13 + b"\r", 0.0) == []


def test_a_superscript_is_no_digit() -> None:
    """B2 is a digit to Unicode, and to nobody at a gate."""
    assert PinPad().typed(b"\xb2\xb2\xb2\xb2\r", 0.0) == []


@given(st.lists(st.binary(max_size=30)))
def test_any_keys(chunks: list[bytes]) -> None:
    """Only digits come out, four to twelve of them."""
    pad = PinPad()
    pins = [pin for chunk in chunks for pin in pad.typed(chunk, 1.0)]
    assert all(pin.value.isdigit() and 4 <= len(pin.value) <= 12 for pin in pins)
