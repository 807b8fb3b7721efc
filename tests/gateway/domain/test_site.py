"""Names that are safe everywhere, and the part of a portal that decides."""

import pytest

from gateway.domain.decision import Direction, PortalMode, PortalPolicy, StalePolicy
from gateway.domain.errors import MalformedError
from gateway.domain.site import Portal, check_slug


@pytest.mark.parametrize("name", ["a", "main-in", "3-1", "x" * 32])
def test_good_names(name: str) -> None:
    """Come back as they are."""
    assert check_slug("id", name) == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "a+", "#", "门", "a b", "a\n", "x" * 33, "../x"])
def test_bad_names(name: str) -> None:
    """Nothing that means something in a topic, a URL or a path; the field at fault is named."""
    with pytest.raises(MalformedError) as refused:
        check_slug("id", name)
    assert set(refused.value.fields) == {"id"}


def test_a_portal_decides_by_its_policy() -> None:
    """Every field that matters is carried over."""
    portal = Portal("p", "P", Direction.OUT, ("a",), None, 1, 2, PortalMode.HELD_OPEN, StalePolicy.DENY, 5)
    assert portal.policy() == PortalPolicy("p", Direction.OUT, ("a",), PortalMode.HELD_OPEN, StalePolicy.DENY, 5)
