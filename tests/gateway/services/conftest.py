"""A small compound on an SQLite store, and on both databases where two desks race."""

import pytest

from gateway.storage.store import Store
from tests.gateway.services.small_compound import Compound, build
from tests.stores import SteppedClock


@pytest.fixture
def compound(sqlite_store: Store, store_clock: SteppedClock) -> Compound:
    """Two buildings, one garage read by Wiegand readers, unit 3-1-502 with its owner 李娜."""
    return build(sqlite_store, store_clock)


@pytest.fixture
def both(store: Store, store_clock: SteppedClock) -> Compound:
    """The same on each database."""
    return build(store, store_clock)
