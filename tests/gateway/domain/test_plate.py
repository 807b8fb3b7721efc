"""A number plate has one form however it is written."""

import pytest

from gateway.domain.errors import MalformedError
from gateway.domain.plate import normal_plate


@pytest.mark.parametrize("text", ["粤B12345", "粤b·12345", " 粤B 12345 ", "粤Ｂ12345", "粤B-12345", "粤B・12345"])
def test_one_form(text: str) -> None:
    """Case, spaces, dots and full-width letters do not matter."""
    assert normal_plate(text) == "粤B12345"


def test_new_energy() -> None:
    """Green plates have one character more."""
    assert normal_plate("粤BD12345") == "粤BD12345"


@pytest.mark.parametrize("text", [None, "", "  ", "·"])
def test_none(text: str | None) -> None:
    """No plate is no plate."""
    assert normal_plate(text) is None


@pytest.mark.parametrize("text", ["x", "粤B12345678901", "粤B1234?", "<b>"])
def test_no_plate(text: str) -> None:
    """What cannot be a plate is said to be none."""
    with pytest.raises(MalformedError):
        normal_plate(text)
