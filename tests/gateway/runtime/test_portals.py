"""Barriers move on a grant or a person's command, and on nothing else (G11)."""

import pytest

from gateway.domain.decision import PortalMode
from gateway.domain.errors import NotFoundError
from gateway.ports import BarrierReading, BarrierState, DeviceOfflineError, DeviceState, DeviceStatus
from tests.gateway.runtime.conftest import Rig, build
from tests.gateway.runtime.fakes import MemoryJournal, until


async def test_a_person_opens_with_a_durable_reason(rig: Rig) -> None:
    """Who and why stand in the store before the arm moves."""
    at_open: list[str] = []
    rig.barrier.at_open = lambda: at_open.extend(f"{r.actor} {r.body['reason']}" for r in rig.store.kept)
    await rig.portals.open("main-in", by="user:3", reason="removal van")
    assert at_open == ["user:3 removal van"]
    assert rig.barrier.commands == ["open 1000"]
    await until(lambda: rig.store.kinds() == ["portal.open_asked", "portal.opened"])


@pytest.mark.parametrize(
    ("mode", "commands"),
    [(PortalMode.HELD_OPEN, ["hold"]), (PortalMode.NORMAL, ["release"]), (PortalMode.LOCKED_OUT, [])],
)
async def test_modes(rig: Rig, mode: PortalMode, commands: list[str]) -> None:
    """Hold holds, normal releases, and a lock-out moves nothing."""
    await rig.portals.apply_mode("main-in", mode)
    assert rig.barrier.commands == commands


async def test_unknown_portal_is_said(rig: Rig) -> None:
    """Nothing is wired there."""
    with pytest.raises(NotFoundError):
        await rig.portals.open("nowhere", by="user:3", reason="r")


async def test_dead_barrier_is_said_recorded_and_alarmed(rig: Rig) -> None:
    """The person hears of it at once."""
    rig.barrier.offline = True
    with pytest.raises(DeviceOfflineError):
        await rig.portals.open("main-in", by="user:3", reason="r")
    await until(lambda: rig.store.kinds() == ["portal.open_asked", "portal.open_failed"])
    assert [alarm.kind for alarm in rig.raised] == ["open_failed"]


async def test_readings_are_kept_and_told(rig: Rig) -> None:
    """For the console, and as news."""
    reading = BarrierReading(BarrierState.CLOSED, loop_before=True)
    with rig.hub.subscribe() as news:
        rig.portals.barrier_reading("barrier", reading)
        event = await anext(news)
    assert rig.portals.readings() == {"main-in": reading}
    assert (event.kind, event.data["portal"], event.data["loop_before"]) == ("barrier", "main-in", True)


async def test_held_open_too_long_raises_one_alarm(rig: Rig) -> None:
    """By the portal's own limit."""
    rig.portals.barrier_reading("barrier", BarrierReading(BarrierState.OPEN))
    rig.portals.tick()
    rig.clock.step(30)
    rig.portals.tick()
    rig.portals.tick()
    await until(lambda: bool(rig.raised))
    assert [alarm.kind for alarm in rig.raised] == ["portal_held_open"]


async def test_nothing_moves_by_itself(rig: Rig) -> None:
    """Start, every reading, loss and return of the device, a day of ticks, stop: no command at all."""
    for state in BarrierState:
        rig.portals.barrier_reading("barrier", BarrierReading(state, loop_under=True))
        rig.portals.device_status(DeviceStatus("barrier", DeviceState.OFFLINE, "gone"))
        rig.portals.device_status(DeviceStatus("barrier", DeviceState.ONLINE))
    for _ in range(1440):
        rig.clock.step(60)
        rig.portals.tick()
    rig.lists.portals.clear()  # the portal is taken out of the set-up
    rig.portals.tick()
    rig.present()
    await until(lambda: rig.admission.counts["stale"] == 1)
    assert rig.barrier.commands == []


async def test_cards_that_wait_when_the_gateway_ends_open_nothing_later(rig: Rig) -> None:
    """A presentation taken up after an outage is stale."""
    built = build(rig.spill.with_name("other"), MemoryJournal())
    built.present()
    built.clock.step(3)
    built.start()
    await until(lambda: built.admission.counts["stale"] == 1)
    await built.stop()
    assert built.barrier.commands == []
