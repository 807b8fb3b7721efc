import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from gateway.ports import Device
from tests.drivers.sinks import KeepingSink


@pytest.fixture
def sink() -> KeepingSink:
    return KeepingSink()


@pytest.fixture
async def running() -> AsyncIterator[Callable[[Device], "asyncio.Task[None]"]]:
    """Starts devices, and stops them after the test."""
    tasks: list[asyncio.Task[None]] = []

    def start(device: Device) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(device.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
