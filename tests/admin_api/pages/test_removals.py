"""A mass removal waits on the console: who may confirms it after being told how many it takes; others see it."""

import dataclasses
from collections.abc import Callable

import pytest

from gateway.domain.person import Role
from gateway.runtime.house import House
from tests.admin_api.house import FakeRemovals
from tests.admin_api.pages.conftest import Browser

ASK = "/console/lists/gardens/confirm-removal"


@pytest.fixture
def house(house: House) -> House:
    """One list waits."""
    return dataclasses.replace(house, removals=FakeRemovals())


def test_it_is_confirmed_by_whoever_may(as_role: Callable[[Role], Browser], house: House) -> None:
    """First the list and how many are named; then it goes, and who said so is on record."""
    manager = as_role(Role.MANAGER)
    assert "20 of 120 cards would be taken off the list" in manager.see("/console")
    assert f'href="{ASK}"' in manager.see("/console/removals")
    assert "Take 20 cards off the list" in manager.see(ASK)
    page = manager.submit(ASK)
    assert "would be taken off" not in page
    assert "mass removal confirmed" in page
    assert house.removals is not None
    assert not house.removals.held
    manager.see(ASK, 409)
    manager.submit(ASK, 409)


def test_others_see_that_it_waits(as_role: Callable[[Role], Browser], house: House) -> None:
    """And whom to ask."""
    captain = as_role(Role.CAPTAIN)
    page = captain.see("/console/removals")
    assert "Ask the site manager." in page
    assert ASK not in page
    captain.see(ASK, 403)
    captain.submit(ASK, 403)
    assert house.removals is not None
    assert set(house.removals.held) == {"gardens"}
