"""What fails is started again, ever more slowly, and says why it was gone."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports import DeviceOfflineError, DeviceState
from gateway.runtime.supervision import Job, Supervisor, jittered, next_pause
from tests.gateway.runtime.fakes import FakeClock, HeardStatus, until


@dataclass
class Flaky:
    """Runs ``lasts_s`` and fails with each of ``errors`` in turn, then stays."""

    clock: FakeClock
    errors: list[Exception]
    lasts_s: float = 0.0
    name: str = "flaky"
    runs: int = 0

    async def run(self) -> None:
        self.runs += 1
        self.clock.step(self.lasts_s)
        if self.errors:
            raise self.errors.pop(0)
        await asyncio.Event().wait()


@dataclass
class Sleeper:
    """Takes no time and remembers."""

    slept: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def _supervised(device: Flaky) -> tuple[Supervisor, HeardStatus, Sleeper]:
    heard, sleeper = HeardStatus(), Sleeper()
    supervisor = Supervisor(device.clock, heard, sleep=sleeper, chance=lambda: 0.0)
    supervisor.supervise(device)
    return supervisor, heard, sleeper


async def test_pauses_double_up_to_a_minute() -> None:
    """1, 2, 4 … 60 seconds: a dead device costs nothing."""
    device = Flaky(FakeClock(), [DeviceOfflineError("gone") for _ in range(8)])
    supervisor, _heard, sleeper = _supervised(device)
    await until(lambda: device.runs == 9)
    await supervisor.stop()
    assert sleeper.slept == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_stable_minute_starts_over() -> None:
    """A line that held for a minute comes back after one second."""
    device = Flaky(FakeClock(), [DeviceOfflineError("gone") for _ in range(3)], lasts_s=61)
    supervisor, _heard, sleeper = _supervised(device)
    await until(lambda: device.runs == 4)
    await supervisor.stop()
    assert sleeper.slept == [1, 1, 1]


async def test_says_why() -> None:
    """A port's error keeps its sentence; any other error is named, and does no harm to the rest."""
    device = Flaky(FakeClock(), [DeviceOfflineError("%(device)s is gone.", device="flaky"), ZeroDivisionError("oops")])
    supervisor, heard, _sleeper = _supervised(device)
    await until(lambda: device.runs == 3)
    await supervisor.stop()
    assert [status.state for status in heard.heard] == [DeviceState.STARTING, DeviceState.OFFLINE, DeviceState.OFFLINE]
    assert heard.heard[1].params == {"device": "flaky"}
    assert heard.heard[2].params == {"error": "ZeroDivisionError: oops"}


async def test_one_broken_device_does_not_slow_another() -> None:
    """While one fails, the other goes on undisturbed."""
    clock = FakeClock()
    good, bad = Flaky(clock, [], name="good"), Flaky(clock, [ValueError()] * 2, name="bad")
    supervisor, _heard, _sleeper = _supervised(good)
    supervisor.supervise(bad)
    await until(lambda: bad.runs == 3)
    assert good.runs == 1
    await supervisor.stop()


async def test_a_job_is_spoken_of_only_when_it_fails() -> None:
    """A loop of our own is no device: it shows up while it is down, and when it is back."""
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise DeviceOfflineError("down")
        await asyncio.Event().wait()

    heard = HeardStatus()
    supervisor = Supervisor(FakeClock(), heard, sleep=Sleeper())
    supervisor.supervise(Job("loop", work))
    await until(lambda: len(runs) == 2)
    await supervisor.stop()
    assert [status.state for status in heard.heard] == [DeviceState.OFFLINE, DeviceState.ONLINE]


async def test_stop_ends_everything() -> None:
    """After stop nothing of it runs."""
    ended: list[str] = []
    began = asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    supervisor = Supervisor(FakeClock(), HeardStatus())
    supervisor.supervise(Job("work", work))
    await began.wait()
    await supervisor.stop()
    assert ended == ["work"]


@given(pause=st.floats(1, 60), ran=st.floats(0, 1e6), chance=st.floats(0, 1))
def test_pauses_stay_between_a_second_and_a_minute(pause: float, ran: float, chance: float) -> None:
    """Whatever happened before, and with jitter."""
    assert 1 <= jittered(next_pause(pause, ran), chance) <= 60


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 40.0), (1.0, 30.0)])
def test_jitter_shortens(chance: float, expected: float) -> None:
    """By up to a quarter, so that many devices do not come back in one moment."""
    assert jittered(40.0, chance) == expected


async def test_stop_ends_what_swallowed_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library may lose one cancellation; the second one ends the device."""
    monkeypatch.setattr("gateway.runtime.supervision.CANCEL_AGAIN_S", 0.01)
    swallowed = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(True)
        await asyncio.Event().wait()

    supervisor = Supervisor(FakeClock(), HeardStatus())
    supervisor.supervise(Job("deaf", work))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await supervisor.stop()
    assert swallowed == [True]
