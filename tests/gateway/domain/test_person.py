"""Telephone numbers are shown by their tail only."""

import pytest

from gateway.domain.person import mask_phone


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("138 0000 1234", "•••1234"), ("+86-13800001234", "•••1234"), ("12", "•••12"), ("", ""), ("none", "")],
)
def test_masked(phone: str, shown: str) -> None:
    """The last four digits: enough to tell two people apart."""
    assert mask_phone(phone) == shown
