"""A gateway put together from a configuration decides, records and publishes, and does nothing by being built."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from gateway.daemon.bootstrap import END_OF_EPOCH, Gateway, build
from gateway.daemon.config import Config
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import open_store
from gateway.ports import DeviceState
from gateway.runtime.clock import SteadyClock
from gateway.services import alarms, seed
from gateway.storage import tables
from gateway.storage.highwater import HighWater
from gateway.storage.store import SYSTEM, Store
from tests.gateway.daemon.conftest import Configured
from tests.gateway.runtime.fakes import until

DEVICES = """
[mqtt]
host = "127.0.0.1"
port = 1
[[devices]]
kind = "osdp-line"
name = "line"
link = "{0}/no-line"
[[devices.readers]]
name = "in"
address = 0
scbk = "00112233445566778899aabbccddeeff"
portal = "main-in"
[[devices]]
kind = "modbus-barrier"
name = "arm"
link = "{0}/no-arm"
portal = "main-in"
"""


@dataclass
class Built:
    """A gateway and what it stands on."""

    config: Config
    store: Store
    gateway: Gateway


def _open(config: Config) -> tuple[Store, SteadyClock]:
    clock = SteadyClock()
    return open_store(config, clock), clock


@pytest.fixture
async def built(configured: Configured) -> AsyncIterator[Built]:
    config = configured("")
    config = configured(DEVICES.format(config.data))
    store, clock = _open(config)
    with store.write(SYSTEM) as uow:
        seed.seed_compound(uow, open_keyring(config))
    gateway = build(config, store, clock, lambda _why: None)
    yield Built(config, store, gateway)
    await gateway.stop()
    store.close()


async def test_starts_with_everything_unplugged(built: Built) -> None:
    """Each device says why it is dark, and the lists are there."""
    built.gateway.start()
    devices = built.gateway.house.devices

    def dark() -> set[str]:
        return {status.device for status in devices.statuses() if status.state is DeviceState.OFFLINE}

    await until(lambda: {"line", "in", "arm", "broker"} <= dark())
    assert all(status.why for status in devices.statuses() if status.state is DeviceState.OFFLINE)
    assert len(built.gateway.house.keeper.lists()["compound"]) > 50


async def test_commits_are_news(built: Built) -> None:
    """Pages hear that the journal grew, and the lists follow."""
    built.gateway.start()
    with built.gateway.hub.subscribe() as news:

        def write() -> None:
            with built.store.write(SYSTEM) as uow:
                uow.record("test.done", "site", {})

        await asyncio.to_thread(write)
        async with asyncio.timeout(10):
            async for event in news:
                if event.kind == "record":
                    break
    assert event.data["seq"]


async def test_a_restored_store_does_not_publish(configured: Configured) -> None:
    """Its versions were given out before: it says so, raises an alarm, and goes on deciding."""
    config = configured(DEVICES.format("/nowhere"))
    store, clock = _open(config)
    with store.write(SYSTEM) as uow:
        seed.seed_compound(uow, open_keyring(config))
    HighWater(config.data / "high-water.json").advance({"compound": (1, 5000)})
    gateway = build(config, store, clock, lambda _why: None)
    assert gateway.sync is None
    gateway.start()

    def told() -> bool:
        with store.read() as conn:
            return any(alarm.kind == "store_restored" for alarm in alarms.open_alarms(conn))

    await until(told)
    await gateway.stop()
    gateway.lease.release()
    assert HighWater(config.data / "high-water.json").marks["compound"] == (1, END_OF_EPOCH)
    with store.write(SYSTEM) as uow:
        uow.raise_epochs(1)
    again = build(config, store, clock, lambda _why: None)
    assert again.sync is not None
    await again.stop()
    store.close()


async def test_a_passage_of_the_last_run_comes_home(configured: Configured) -> None:
    """What the emergency file holds stands in the journal after the next start."""
    config = configured("")
    store, clock = _open(config)
    first = build(config, store, clock, lambda _why: None)
    first.journal.note("access.granted", "portal:main-in", {})
    await first.stop()  # it never ran: all it could do was spill
    first.lease.release()
    second = build(config, store, clock, lambda _why: None)
    with store.read() as conn:
        kinds = conn.execute(select(tables.journal.c.kind)).scalars().all()
    assert kinds.count("access.granted") == 1
    await second.stop()
    store.close()
