"""Alarms are shown at once and kept as soon as the store can."""

import asyncio

import pytest

from gateway.domain.errors import StoreBusyError
from gateway.runtime.alarms import WAITING, Alarm, Alarms
from gateway.runtime.hub import EventHub
from tests.gateway.runtime.fakes import until


async def test_a_busy_store_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost, and the order stays."""
    monkeypatch.setattr("gateway.runtime.alarms.RETRY_S", 0.001)
    kept: list[str] = []
    failures = [StoreBusyError("busy"), StoreBusyError("busy")]

    def keep(alarm: Alarm) -> None:
        if failures:
            raise failures.pop()
        kept.append(alarm.kind)

    hub = EventHub()
    alarms = Alarms(hub, keep)
    with hub.subscribe() as news:
        alarms.raise_alarm("tamper", "device:r", {"open": True})
        alarms.raise_alarm("power", "device:r", {})
        assert (await anext(news)).data == {"alarm": "tamper", "source": "device:r", "detail": {"open": True}}
    task = asyncio.create_task(alarms.run())
    await until(lambda: kept == ["tamper", "power"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_storm_is_bounded() -> None:
    """A thousand wait; the pages still see the rest."""
    hub = EventHub()
    alarms = Alarms(hub, lambda _alarm: None)
    for number in range(WAITING + 5):
        alarms.raise_alarm("storm", f"device:{number}", {})
    assert alarms._waiting.qsize() == WAITING
