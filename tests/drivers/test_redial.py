"""A lost link is dialled again, and said once."""

import asyncio
from contextlib import suppress

import pytest

from drivers.redial import keep_dialling
from drivers.status import StatusReporter
from gateway.ports import DeviceOfflineError, DeviceState
from tests.drivers.sinks import KeepingSink


async def test_one_word_however_often_it_fails(sink: KeepingSink) -> None:
    """Three failures with one reason are one status; another reason is another; then it is online."""
    status = StatusReporter("west", sink)
    outcomes = ["cable", "cable", "cable", "power"]
    up = asyncio.Event()

    async def session() -> None:
        if outcomes:
            raise DeviceOfflineError("Look at the %(tries)s " + outcomes.pop(0), tries=len(outcomes))
        status.online()
        await up.wait()

    task = asyncio.create_task(keep_dialling(session, status, retry_s=0))
    await sink.until(lambda: sink.state("west") is DeviceState.ONLINE)
    states = [s.state for s in sink.statuses]
    assert states == [DeviceState.STARTING, DeviceState.OFFLINE, DeviceState.OFFLINE, DeviceState.ONLINE]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_bug_is_not_swallowed(sink: KeepingSink) -> None:
    """Anything but a lost link reaches the supervisor."""

    async def session() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep_dialling(session, StatusReporter("west", sink), retry_s=0)
