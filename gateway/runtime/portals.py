"""The portals wired to the gateway: they move on a grant or a person's command, and on nothing else."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.domain.decision import PortalMode
from gateway.domain.errors import GatehouseError, NotFoundError, StoreFullError
from gateway.domain.site import Portal
from gateway.ports import Barrier, BarrierReading, DeviceStatus
from gateway.runtime.alarms import Alarms
from gateway.runtime.clock import Clock
from gateway.runtime.devices import Devices
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_writer import Durability, JournalWriter
from gateway.runtime.portal_watch import Happening, PortalWatch

TICK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which devices stand at a portal, by the names of the configuration."""

    readers: tuple[str, ...] = ()
    barrier: str | None = None


class Portals:
    """States, commands and happenings of wired portals; hears barriers (ports.BarrierSink). News kind: ``barrier``.

    Nothing here moves an arm at start, stop, reconnection or reload (G11): the only calls of a barrier's
    commands are in :meth:`move`, :meth:`apply_mode` and what calls them.
    """

    def __init__(
        self,
        wiring: Mapping[str, Wiring],
        portal: Callable[[str], Portal | None],
        *,
        clock: Clock,
        hub: EventHub,
        journal: JournalWriter,
        alarms: Alarms,
        devices: Devices,
    ) -> None:
        self._wiring = wiring
        self._portal = portal
        self._clock = clock
        self._hub = hub
        self._journal = journal
        self._alarms = alarms
        self._devices = devices
        self._barriers: dict[str, Barrier] = {}
        self._portal_of = {wired.barrier: name for name, wired in wiring.items() if wired.barrier}
        self._watches = {name: PortalWatch() for name, wired in wiring.items() if wired.barrier}

    def attach(self, barrier: Barrier) -> None:
        """Plugs in the driver of a barrier the wiring names."""
        self._barriers[barrier.name] = barrier

    def wired(self) -> Collection[str]:
        """The names of the portals wired to the gateway."""
        return self._wiring.keys()

    def portal_of_reader(self, reader: str) -> str | None:
        """Where a reader stands, or None when it is wired to no portal."""
        return next((name for name, wired in self._wiring.items() if reader in wired.readers), None)

    def portal(self, portal: str) -> Portal | None:
        """The portal as the store describes it now."""
        return self._portal(portal)

    def readings(self) -> Mapping[str, BarrierReading]:
        """The last inputs of the barrier at each wired portal."""
        return {name: watch.reading for name, watch in self._watches.items()}

    async def move(self, portal: str, pulse_ms: int) -> None:
        """One opening pulse. The caller made the reason durable."""
        barrier = self._barrier(portal)
        self._watches[portal].commanded(self._clock.monotonic())
        await barrier.open(pulse_ms)

    async def open(self, portal: str, *, by: str, reason: str) -> None:
        """A person opens from afar. Refused when it cannot be recorded: this is not a resident's passage."""
        self._barrier(portal)
        known = self._known(portal)
        target, body = f"portal:{portal}", {"reason": reason}
        record = self._journal.make("portal.open_asked", target, body, actor=by)
        if await self._journal.durable(record) is Durability.NOWHERE:
            raise StoreFullError("The opening could not be recorded, so %(portal)s was not opened.", portal=known.name)
        await self._reported(portal, self.move(portal, known.unlock_ms))
        self._journal.note("portal.opened", target, body, actor=by)

    async def apply_mode(self, portal: str, mode: PortalMode) -> None:
        """Holds or releases the barrier after the mode was stored; a lock-out moves nothing."""
        if mode is PortalMode.HELD_OPEN:
            self._barrier(portal)
            self._watches[portal].commanded(self._clock.monotonic())
            await self._reported(portal, self._barrier(portal).hold())
        elif mode is PortalMode.NORMAL:
            await self._reported(portal, self._barrier(portal).release())

    async def _reported(self, portal: str, motion: Coroutine[object, object, None]) -> None:
        """Lets a failed motion be seen, and fail."""
        try:
            await motion
        except GatehouseError as error:
            self.failed(portal, error)
            raise

    def failed(self, portal: str, error: GatehouseError) -> None:
        """A barrier did not do what it was asked."""
        self._journal.note("portal.open_failed", f"portal:{portal}", {"error": str(error)})
        self._alarms.raise_alarm("open_failed", f"portal:{portal}", {"why": str(error)})

    def barrier_reading(self, barrier: str, reading: BarrierReading) -> None:
        """The inputs changed."""
        portal = self._portal_of.get(barrier)
        if portal is None:
            return
        self._hub.publish("barrier", {"portal": portal, "barrier": barrier, **as_json(reading)})
        self._tell(portal, self._watches[portal].feed(reading, self._mode(portal), self._clock.monotonic()))

    def device_status(self, status: DeviceStatus) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_status(status)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_alarm(device, kind, detail)

    async def run(self) -> None:
        """Watches for what lasts too long."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """One look at every portal."""
        now = self._clock.monotonic()
        for name, watch in self._watches.items():
            portal = self._portal(name)
            if portal is not None:
                self._tell(name, watch.tick(portal.mode, portal.held_open_s, now))

    def _tell(self, portal: str, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            self._journal.note(f"portal.{happening.kind}", f"portal:{portal}", {})
            if happening.alarm:
                self._alarms.raise_alarm(f"portal_{happening.kind}", f"portal:{portal}", {})

    def _mode(self, portal: str) -> PortalMode:
        known = self._portal(portal)
        return known.mode if known else PortalMode.NORMAL

    def _known(self, portal: str) -> Portal:
        known = self._portal(portal)
        if known is None:
            raise NotFoundError("There is no portal %(portal)s.", portal=portal)
        return known

    def _barrier(self, portal: str) -> Barrier:
        wired = self._wiring.get(portal)
        barrier = self._barriers.get(wired.barrier) if wired and wired.barrier else None
        if barrier is None:
            raise NotFoundError("No barrier is wired to the gateway at %(portal)s.", portal=portal)
        return barrier


def as_json(reading: BarrierReading) -> dict[str, object]:
    """For the event stream; null stands for "not known"."""
    return {
        "state": reading.state.value,
        "loop_before": reading.loop_before,
        "loop_under": reading.loop_under,
        "beam": reading.beam,
        "fire": reading.fire,
        "manual": reading.manual,
    }
