"""How every device stands, and one alarm an outage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.ports import DeviceState, DeviceStatus
from gateway.runtime.alarms import Alarms
from gateway.runtime.clock import Clock
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_writer import JournalWriter

# A device that was back for less than this has not been back: a flapping line is one outage, one alarm.
SETTLED_S: Final = 60.0


@dataclass(slots=True)
class _Entry:
    status: DeviceStatus
    since: float
    since_monotonic: float
    outage: bool = False


class Devices:
    """Hears how devices fare (ports.StatusSink). News kind: ``device``; records ``device.<state>``."""

    def __init__(self, clock: Clock, hub: EventHub, journal: JournalWriter, alarms: Alarms) -> None:
        self._clock = clock
        self._hub = hub
        self._journal = journal
        self._alarms = alarms
        self._entries: dict[str, _Entry] = {}

    def statuses(self) -> Sequence[DeviceStatus]:
        """The last known status of each device, by name."""
        return [entry.status for _name, entry in sorted(self._entries.items())]

    def device_status(self, status: DeviceStatus) -> None:
        """The device's state changed; repeats are ignored."""
        entry = self._entries.get(status.device)
        if entry is not None and entry.status == status:
            return
        now = self._clock.monotonic()
        before = entry.status if entry else None
        outage = entry is not None and entry.outage and not self._settled(entry, now)
        fresh = _Entry(status, self._clock.wall(), now, outage=outage)
        self._entries[status.device] = fresh
        self._hub.publish("device", self._said(fresh))
        known = before and (before.state, before.because_of)
        if (status.state, status.because_of) != known and status.state is not DeviceState.STARTING:
            self._changed(fresh, before.state if before else None)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Something a person must look at."""
        self._journal.note(f"device.{kind}", f"device:{device}", detail)
        self._alarms.raise_alarm(kind, f"device:{device}", detail)

    @staticmethod
    def _settled(entry: _Entry, now: float) -> bool:
        return entry.status.state is DeviceState.ONLINE and now - entry.since_monotonic >= SETTLED_S

    def _changed(self, entry: _Entry, before: DeviceState | None) -> None:
        status, source = entry.status, f"device:{entry.status.device}"
        if (before, status.state) != (DeviceState.STARTING, DeviceState.ONLINE) and before is not None:
            self._journal.note(f"device.{status.state.value}", source, {"why": said(status)})
        gone = status.state in {DeviceState.OFFLINE, DeviceState.QUARANTINED} and not status.because_of
        if gone and not entry.outage:
            entry.outage = True
            self._alarms.raise_alarm(f"device_{status.state.value}", source, {"why": said(status)})

    def _said(self, entry: _Entry) -> dict[str, object]:
        status = entry.status
        return {"device": status.device, "state": status.state.value, "why": said(status), "since": entry.since}


def said(status: DeviceStatus) -> str:
    """Why the device stands so, as an English sentence."""
    return status.why % status.params if status.params else status.why
