"""A device's state is told on change, and an outage raises one alarm however the line flaps."""

from gateway.ports import DeviceState, DeviceStatus
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.fakes import until

OFFLINE = DeviceStatus("line", DeviceState.OFFLINE, "%(device)s is unplugged.", {"device": "line"})
ONLINE = DeviceStatus("line", DeviceState.ONLINE)


async def test_one_alarm_an_outage(rig: Rig) -> None:
    """Ten flaps within a minute are one outage; a loss after a good minute is the next."""
    rig.devices.device_status(ONLINE)
    for _ in range(10):
        rig.devices.device_status(OFFLINE)
        rig.clock.step(1)
        rig.devices.device_status(ONLINE)
        rig.clock.step(1)
    await until(lambda: bool(rig.raised))
    assert [(alarm.kind, alarm.source) for alarm in rig.raised] == [("device_offline", "device:line")]
    rig.clock.step(60)
    rig.devices.device_status(OFFLINE)
    await until(lambda: len(rig.raised) == 2)


async def test_says_why_and_remembers(rig: Rig) -> None:
    """The sentence is filled in for news and record, and kept in parts for the console."""
    with rig.hub.subscribe() as news:
        rig.devices.device_status(ONLINE)
        rig.devices.device_status(OFFLINE)
        events = [await anext(news), await anext(news)]
    assert [event.data["state"] for event in events] == ["online", "offline"]
    assert events[1].data["why"] == "line is unplugged."
    assert rig.devices.statuses() == [OFFLINE]
    await until(lambda: rig.store.kinds() == ["device.offline"])


async def test_repeats_are_silent(rig: Rig) -> None:
    """A supervisor that tries again every minute writes no records."""
    rig.devices.device_status(ONLINE)
    for _ in range(5):
        rig.devices.device_status(OFFLINE)
    await until(lambda: bool(rig.store.kept))
    assert rig.store.kinds() == ["device.offline"]


async def test_never_reached_is_an_outage(rig: Rig) -> None:
    """A device that is not there at the start is alarmed as well."""
    rig.devices.device_status(DeviceStatus("line", DeviceState.STARTING))
    rig.devices.device_status(OFFLINE)
    await until(lambda: bool(rig.raised))
    assert rig.raised[0].kind == "device_offline"


async def test_device_alarm_is_recorded_and_raised(rig: Rig) -> None:
    """Tamper and its like."""
    rig.devices.device_alarm("reader", "tamper", {"open": True})
    await until(lambda: rig.store.kinds() == ["device.tamper"] and bool(rig.raised))
    assert (rig.raised[0].kind, rig.raised[0].detail) == ("tamper", {"open": True})


async def test_one_plug_is_one_alarm(rig: Rig) -> None:
    """A reader that is gone with its line is recorded, not alarmed; still gone when the line is back, it is."""
    gone = DeviceStatus("reader", DeviceState.OFFLINE, "%(device)s is unplugged.", {"device": "line"}, "line")
    for status in (ONLINE, DeviceStatus("reader", DeviceState.ONLINE), OFFLINE, gone):
        rig.devices.device_status(status)
    await until(lambda: rig.store.kinds() == ["device.offline", "device.offline"])
    assert [alarm.source for alarm in rig.raised] == ["device:line"]
    rig.devices.device_status(ONLINE)
    rig.devices.device_status(DeviceStatus("reader", DeviceState.OFFLINE, "The reader does not answer."))
    await until(lambda: len(rig.raised) == 2)
    assert rig.raised[1].source == "device:reader"
