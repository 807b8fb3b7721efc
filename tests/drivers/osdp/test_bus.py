"""One thread for all lines; it ends with the last one, and an error in it ends the lines."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from drivers.osdp.bus import BusThread
from drivers.osdp.line import OsdpLine
from drivers.osdp.settings import OsdpLineSettings, OsdpReaderSettings
from gateway.ports import Device, DeviceOfflineError, DeviceState
from tests.drivers.sinks import KeepingSink


def line(name: str, sink: KeepingSink, bus: BusThread) -> OsdpLine:
    return OsdpLine(OsdpLineSettings(name, "/nowhere", (OsdpReaderSettings(f"{name}-r", 1, "11" * 16),)), sink, bus)


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "osdp"]


async def test_two_lines_share_a_thread(sink: KeepingSink, running: Callable[[Device], "asyncio.Task[None]"]) -> None:
    """A line without a port is offline with a reason, and holds nobody up."""
    bus = BusThread()
    tasks = [running(line(name, sink, bus)) for name in ("a", "b")]
    await sink.until(lambda: sink.state("a-r") is sink.state("b-r") is DeviceState.OFFLINE)
    (thread,) = threads()
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the point of the test
async def test_an_error_in_the_thread_ends_the_lines(
    sink: KeepingSink, running: Callable[[Device], "asyncio.Task[None]"]
) -> None:
    """The supervisor sees it, starts the line again, and a new thread serves it."""
    bus = BusThread()
    device = line("a", sink, bus)
    task = asyncio.create_task(device.run())
    await sink.until(lambda: sink.state("a-r") is DeviceState.OFFLINE)
    (thread,) = threads()
    bus.call(lambda: 1 / 0)
    with pytest.raises(DeviceOfflineError, match="ended"):
        await task
    await asyncio.to_thread(thread.join, 5)  # its last words belong to this test, not to a later one
    sink.statuses.clear()
    running(device)
    await sink.until(lambda: sink.state("a-r") is DeviceState.OFFLINE)
