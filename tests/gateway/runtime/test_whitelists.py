"""The lists in memory follow every commit, and listeners are told after memory has it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import insert

from gateway.domain.errors import StoreBusyError
from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.ports import ListBatch
from gateway.runtime.whitelists import AT_ONCE, WhitelistKeeper
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.gateway.runtime.fakes import until
from tests.stores import seed_area

FOREVER = Terms(0, NO_END)


@dataclass
class Listener:
    """A ListListener that looks into the keeper when told."""

    keeper: WhitelistKeeper
    heard: list[tuple[str, int, int]] = field(default_factory=list)
    sites: int = 0
    removed: dict[bytes, Terms] = field(default_factory=dict)

    def lists_changed(self, batches: Sequence[ListBatch]) -> None:
        for batch in batches:
            self.removed |= batch.removed
            self.heard.append((batch.list, batch.version, len(self.keeper.lists()[batch.list])))

    def site_changed(self) -> None:
        self.sites += 1


def _put(store: Store, first: int, count: int, area: str = "main") -> None:
    changes = Changes()
    keys = [b"\x01" + number.to_bytes(7) for number in range(first, first + count)]
    for key in keys:
        changes.put(key, FOREVER)
    with store.write(SYSTEM) as uow:
        uow.change_list(area, changes, {key: f"card:{key[-4:].hex()}" for key in keys})


@pytest.fixture
async def keeper(seeded: Store) -> AsyncIterator[tuple[WhitelistKeeper, Listener]]:
    keeper = WhitelistKeeper(seeded)
    keeper.load()
    listener = Listener(keeper)
    keeper.listen(listener)
    task = asyncio.create_task(keeper.run())
    await until(lambda: bool(seeded._hooks))
    yield keeper, listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_loads_what_is_there(seeded: Store) -> None:
    """With its version."""
    await asyncio.to_thread(_put, seeded, 0, 3)
    keeper = WhitelistKeeper(seeded)
    keeper.load()
    assert keeper.standing() == {"main": (1, 1)}
    assert len(keeper.lists()["main"]) == 3


async def test_follows_commits(seeded: Store, keeper: tuple[WhitelistKeeper, Listener]) -> None:
    """Within moments, and memory has it before anyone hears of it."""
    kept, listener = keeper
    await asyncio.to_thread(_put, seeded, 0, 2)
    await until(lambda: kept.standing() == {"main": (1, 1)})
    await until(lambda: listener.heard == [("main", 1, 2)])
    assert kept.lists()["main"].get(b"\x01" + bytes(7)) == FOREVER


async def test_a_large_change_is_swapped_in(seeded: Store, keeper: tuple[WhitelistKeeper, Listener]) -> None:
    """An import does not hold up the loop: the list is another object afterwards, whole."""
    kept, listener = keeper
    before = kept.lists()["main"]
    await asyncio.to_thread(_put, seeded, 0, AT_ONCE + 1)
    await until(lambda: listener.heard == [("main", 1, AT_ONCE + 1)])
    assert kept.lists()["main"] is not before
    assert len(before) == 0


async def test_a_new_area_and_set_up_are_seen(seeded: Store, keeper: tuple[WhitelistKeeper, Listener]) -> None:
    """An empty list, a portal, a controller."""
    kept, listener = keeper

    def change() -> None:
        with seeded.write(SYSTEM) as uow:
            seed_area(uow, "garage")
            uow.conn.execute(insert(tables.controllers).values(id="gate-1", name="1", created_at=uow.now))
            row = {"id": "g", "name": "G", "direction": "in", "lists": ["garage"], "controller": "gate-1"}
            uow.conn.execute(insert(tables.portals).values(row))
            uow.touch_site()

    await asyncio.to_thread(change)
    await until(lambda: listener.sites == 1)
    assert set(kept.lists()) == {"main", "garage"}
    assert [portal.id for portal in kept.portals_of("gate-1")] == ["g"]
    assert kept.controllers() == ("gate-1",)
    assert kept.config_version() == 2
    assert kept.portal("nowhere") is None


async def test_changes_that_are_gone_are_loaded_anew(seeded: Store, keeper: tuple[WhitelistKeeper, Listener]) -> None:
    """After a new epoch there are no changes to follow: the list is read whole."""
    kept, listener = keeper
    await asyncio.to_thread(_put, seeded, 0, 2)

    def raise_epoch() -> None:
        with seeded.write(SYSTEM) as uow:
            uow.raise_epochs(4)

    await asyncio.to_thread(raise_epoch)
    await until(lambda: kept.standing() == {"main": (5, 2)})
    assert len(kept.lists()["main"]) == 2
    await until(lambda: listener.heard[-1:] == [("main", 2, 2)])


async def test_the_mark_is_set_before_anyone_is_told(seeded: Store) -> None:
    """The high-water mark lies on the disk before the publisher hears of the version."""
    told: list[object] = []

    def mark(standing: Mapping[str, tuple[int, int]]) -> None:
        told.append(dict(standing))

    keeper = WhitelistKeeper(seeded, mark)
    keeper.load()
    listener = Listener(keeper)
    keeper.listen(listener)
    await asyncio.to_thread(_put, seeded, 0, 1)
    listener.heard = told  # type: ignore[assignment]  # one diary for both
    await keeper.catch_up()
    assert told == [{"main": (1, 1)}, ("main", 1, 1)]


async def test_a_mark_that_cannot_be_written_keeps_no_revocation_from_our_gates(seeded: Store) -> None:
    """Memory has the change at once; the publisher hears of it when the mark is on the disk, and misses nothing."""
    full = True

    def mark(_standing: Mapping[str, tuple[int, int]]) -> None:
        if full:
            raise OSError(28, "No space left on device")

    await asyncio.to_thread(_put, seeded, 0, 1)
    keeper = WhitelistKeeper(seeded, mark)
    keeper.load()
    listener = Listener(keeper)
    keeper.listen(listener)
    changes = Changes()
    changes.drop(b"unlisted")
    changes.drop(b"\x01" + bytes(7))
    with seeded.write(SYSTEM) as uow:
        uow.change_list("main", changes, {})
    with pytest.raises(OSError, match="No space"):
        await keeper.catch_up()
    assert len(keeper.lists()["main"]) == 0
    assert listener.heard == []
    full = False
    await keeper.catch_up()
    assert listener.heard == [("main", 2, 0)]
    assert listener.removed == {b"\x01" + bytes(7): FOREVER}


async def test_a_store_that_is_away_is_asked_again_soon(
    seeded: Store, keeper: tuple[WhitelistKeeper, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower itself goes on: no back-off of minutes lies between the store's return and a revocation."""
    monkeypatch.setattr("gateway.runtime.whitelists.RETRY_S", 0.01)
    monkeypatch.setattr("gateway.runtime.whitelists.LOOK_EVERY_S", 0.01)
    kept, _listener = keeper
    tried: list[None] = []

    def away(_keeper: WhitelistKeeper) -> None:
        tried.append(None)
        raise StoreBusyError("The database cannot be reached.")

    with monkeypatch.context() as patched:
        patched.setattr(WhitelistKeeper, "_read_news", away)
        kept._news.set()
        await until(lambda: len(tried) >= 2)
    await asyncio.to_thread(_put, seeded, 0, 1)
    await until(lambda: kept.standing() == {"main": (1, 1)})
