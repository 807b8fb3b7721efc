"""Desks with an encoder at each slot of a pcscd, which runs or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.pcsc.encoder import PcscEncoder
from drivers.pcsc.settings import PcscEncoderSettings
from gateway.ports import DeviceState, DeviceStatus
from gateway.storage.store import Store
from tests.cards.bench import Bench
from tests.cards.pcscd import name_of
from tests.gateway.runtime.conftest import build
from tests.gateway.runtime.fakes import MemoryJournal, until
from tests.gateway.services import small_compound
from tests.stores import SteppedClock


@asynccontextmanager
async def running(directory: Path, slots: int) -> AsyncIterator[Bench]:
    """Encoders ``desk-0`` and so on, looking for their readers. In the end all of them still do."""
    clock = SteppedClock()
    store = Store(f"sqlite:///{directory / 'gatehouse.db'}", clock=clock)
    store.migrate()
    rig = build(directory / "spill", MemoryJournal())
    rig.start()
    names = tuple(f"desk-{slot}" for slot in range(slots))
    bench = Bench(rig, small_compound.build(store, clock), names)
    for slot, name in enumerate(names):
        bench.attach(PcscEncoder(PcscEncoderSettings(name, name_of(slot)), bench.encoders))
    devices = [asyncio.create_task(bench.driver(name).run()) for name in names]
    bench.start()
    try:
        yield bench
        assert bench.running
        assert not any(task.done() for task in devices)
    finally:
        await bench.stop()
        for task in devices:
            task.cancel()
        await asyncio.gather(*devices, return_exceptions=True)
        await rig.stop()
        store.close()


def status(bench: Bench, device: str) -> DeviceStatus | None:
    """What the page says of an encoder."""
    return next((one for one in bench.rig.devices.statuses() if one.device == device), None)


async def stands(bench: Bench, device: str, state: DeviceState) -> DeviceStatus:
    """Once the page says that."""
    await until(lambda: (now := status(bench, device)) is not None and now.state is state)
    now = status(bench, device)
    assert now is not None
    return now


async def online(bench: Bench, *devices: str) -> None:
    for device in devices:
        await stands(bench, device, DeviceState.ONLINE)
