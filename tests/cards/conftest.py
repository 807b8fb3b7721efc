"""A running desk with one encoder, and the compound behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage.store import Store
from tests.cards.bench import Bench, InProcessEncoder
from tests.gateway.runtime.conftest import Rig, build
from tests.gateway.runtime.fakes import MemoryJournal
from tests.gateway.services import small_compound
from tests.stores import SteppedClock


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Stopped at the end."""
    built = build(tmp_path / "spill", MemoryJournal())
    built.start()
    yield built
    await built.stop()


@pytest.fixture
async def bench(rig: Rig, sqlite_store: Store, store_clock: SteppedClock) -> AsyncIterator[Bench]:
    """Running, with nothing on its encoder ``front``."""
    made = Bench(rig, small_compound.build(sqlite_store, store_clock))
    made.attach(InProcessEncoder("front", made.encoders))
    made.start()
    yield made
    await made.stop()


@pytest.fixture
def hand(bench: Bench) -> InProcessEncoder:
    """At the encoder ``front``."""
    encoder = bench.driver("front")
    assert isinstance(encoder, InProcessEncoder)
    return encoder
