"""One gateway a store: on this machine by a lock, on all machines by a lease."""

import asyncio
import os
from pathlib import Path

import pytest

from gateway.daemon.config import ConfigError
from gateway.daemon.lock import TTL_S, DataLock, LeaseKeeper, holder_of
from gateway.domain.errors import ConflictError, StoreBusyError
from gateway.storage.store import Store
from tests.gateway.runtime.fakes import until
from tests.stores import SteppedClock


def test_the_second_is_refused_by_name(tmp_path: Path) -> None:
    """And may start when the first has gone."""
    first = DataLock(tmp_path)
    with pytest.raises(ConflictError, match=f"process {os.getpid()}"):
        DataLock(tmp_path)
    first.release()
    DataLock(tmp_path).release()


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    """It holds keys."""
    DataLock(tmp_path / "new").release()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_the_same_gateway_takes_its_lease_again(store: Store) -> None:
    """After a crash it does not wait for its own lease to end."""
    LeaseKeeper(store, "one", lambda _why: None).take()
    LeaseKeeper(store, "one", lambda _why: None).take()


def test_another_gateway_waits_for_the_lease_to_end(store: Store, store_clock: SteppedClock) -> None:
    """Named in one sentence; free again when released or expired."""
    first, second = LeaseKeeper(store, "one", lambda _why: None), LeaseKeeper(store, "two", lambda _why: None)
    first.take()
    with pytest.raises(ConflictError, match="one"):
        second.take()
    first.release()
    second.take()
    store_clock.step(TTL_S + 1)
    first.take()


async def test_losing_the_lease_is_told(
    sqlite_store: Store, store_clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that slept too long ends: another one publishes now."""
    monkeypatch.setattr("gateway.daemon.lock.RENEW_EVERY_S", 0.001)
    told: list[str] = []
    first, second = LeaseKeeper(sqlite_store, "one", told.append), LeaseKeeper(sqlite_store, "two", told.append)
    first.take()
    store_clock.step(TTL_S + 1)
    second.take()
    task = asyncio.create_task(first.run())
    await until(lambda: bool(told))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "lost" in told[0]


def test_holders_differ_by_directory(tmp_path: Path) -> None:
    """And stay the same over restarts."""
    assert holder_of(tmp_path) == holder_of(tmp_path)
    assert holder_of(tmp_path) != holder_of(tmp_path / "other")


async def test_a_busy_store_is_asked_again_at_once(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease does not run out while a supervisor waits longer and longer."""
    monkeypatch.setattr("gateway.daemon.lock.RENEW_EVERY_S", 0.001)
    keeper = LeaseKeeper(sqlite_store, "one", pytest.fail)
    keeper.take()
    tried: list[None] = []

    def busy(*_args: object, **_named: object) -> None:
        tried.append(None)
        raise StoreBusyError("The store is in use.")

    monkeypatch.setattr(sqlite_store, "write", busy)
    task = asyncio.create_task(keeper.run())
    await until(lambda: len(tried) >= 3)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_data_that_is_no_directory(tmp_path: Path) -> None:
    """Said with the key of the configuration."""
    (tmp_path / "data").write_text("x")
    with pytest.raises(ConfigError, match=r"data: .*: File exists"):
        DataLock(tmp_path / "data")
