"""Keeps things running that may fail: the one place that catches everything."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.domain.errors import GatehouseError
from gateway.ports import Device, DeviceState, DeviceStatus, StatusSink
from gateway.runtime.clock import Clock

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
STABLE_S: Final = 60.0
CANCEL_AGAIN_S: Final = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that runs for ever, such as a loop of our own: a Device without a wire."""

    name: str
    work: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Serves until cancelled."""
        await self.work()


def next_pause(pause_s: float, ran_s: float) -> float:
    """Doubles the pause up to a minute; a run of a stable minute starts over at one second."""
    return FIRST_PAUSE_S if ran_s >= STABLE_S else min(pause_s * 2, LONGEST_PAUSE_S)


def jittered(pause_s: float, chance: float) -> float:
    """The pause, shortened by up to a quarter: devices behind one failure do not come back in one moment."""
    return max(FIRST_PAUSE_S, pause_s * (1 - chance / 4))


class Supervisor:
    """Starts devices and jobs, and starts them again when they end."""

    def __init__(
        self,
        clock: Clock,
        status: StatusSink,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._status = status
        self._sleep = sleep
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()

    def supervise(self, device: Device) -> None:
        """Runs the device from now on; it says itself when it is online."""
        task = asyncio.get_running_loop().create_task(self._keep(device), name=f"device {device.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancels everything and waits for its end.

        One cancellation may be lost on the way: Python 3.11's ``asyncio.wait_for`` drops it when what it
        waits for ends in the same turn, as a serial port does whose cable was pulled. So it is repeated.
        """
        tasks = pending = set(self._tasks)
        while pending:
            for task in pending:
                task.cancel()
            _ended, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, device: Device) -> None:
        """A job of our own is spoken of only while it fails."""
        pause_s, ours = FIRST_PAUSE_S / 2, isinstance(device, Job)
        if not ours:
            self._status.device_status(DeviceStatus(device.name, DeviceState.STARTING))
        while True:
            started = self._clock.monotonic()
            self._status.device_status(await self._attempt(device))
            pause_s = next_pause(pause_s, self._clock.monotonic() - started)
            await self._sleep(jittered(pause_s, self._chance()))
            if ours:
                self._status.device_status(DeviceStatus(device.name, DeviceState.ONLINE))

    async def _attempt(self, device: Device) -> DeviceStatus:
        """Why the device ended."""
        try:
            await device.run()
        except GatehouseError as error:
            return DeviceStatus(device.name, DeviceState.OFFLINE, error.template, error.params)
        except Exception as error:
            log.exception("device_failed", device=device.name)
            return _unexpected(device, error)
        return DeviceStatus(device.name, DeviceState.OFFLINE, "It stopped by itself.")


def _unexpected(device: Device, error: Exception) -> DeviceStatus:
    why = "It failed in a way it should not: %(error)s."
    return DeviceStatus(device.name, DeviceState.OFFLINE, why, {"error": f"{type(error).__name__}: {error}"[:200]})
