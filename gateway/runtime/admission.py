"""From a credential at a reader to a moving barrier, with the record made durable in between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.domain.decision import Decision, Denied, Granted, Reason, decide
from gateway.domain.errors import GatehouseError
from gateway.domain.identity import Identity
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import LONGER_OPENING, Whitelist
from gateway.ports import DecisionObserver, DeviceOfflineError, DeviceStatus, Reader, Signal
from gateway.runtime.alarms import Alarm, Alarms
from gateway.runtime.clock import Clock
from gateway.runtime.devices import Devices
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_writer import JournalWriter
from gateway.runtime.portals import Portals
from gateway.runtime.records import Record
from gateway.storage import crash

crash.register("admission.recorded")

# Nobody stands there any more: a barrier that opens now opens for someone else.
STALE_S: Final = 2.0
# A card held at a reader, or a reader that repeats itself.
REPEAT_S: Final = 2.0
LANE_LENGTH: Final = 16
# This many unknown credentials in a row at one reader are somebody trying.
WRONG_TRIES: Final = 5

_TOO_LATE: Final = "The record of a passage took too long, so %(portal)s was not opened: the card must be held anew."


class Lists(Protocol):
    """The part of the whitelist keeper a decision needs."""

    def lists(self) -> Mapping[str, Whitelist]:
        """Every list."""

    def calendar(self) -> Calendar:
        """Schedules, holidays and time zone."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """One credential at one reader; ``at`` is monotonic."""

    reader: str
    identity: Identity
    at: float


LookUp = Callable[[str, Presentation], Alarm | None]
"""The alarm that what was denied at a portal calls for, such as of a card reported lost, or of a copy. May block."""


class Admission:
    """Hears readers and scanners (ports.ReaderSink). News kinds: ``access`` and ``scan``.

    Each wired portal has a lane of its own, so that one broken barrier or reader never slows another.
    """

    def __init__(
        self,
        *,
        key_of: Callable[[Identity], bytes],
        lists: Lists,
        portals: Portals,
        journal: JournalWriter,
        hub: EventHub,
        alarms: Alarms,
        devices: Devices,
        clock: Clock,
        posts: Mapping[str, str],
        look_up: LookUp,
        observer: DecisionObserver,
    ) -> None:
        self._key_of = key_of
        self._lists = lists
        self._portals = portals
        self._journal = journal
        self._hub = hub
        self._alarms = alarms
        self._devices = devices
        self._clock = clock
        self._posts = posts
        self._look_up = look_up
        self._observer = observer
        self._readers: dict[str, Reader] = {}
        self._lanes = {name: asyncio.Queue[Presentation](LANE_LENGTH) for name in portals.wired()}
        self._last: dict[str, Presentation] = {}
        self._wrong: Counter[str] = Counter()
        self._aside: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    def attach(self, reader: str, driver: Reader) -> None:
        """Whose lamp and buzzer answer at this reader."""
        self._readers[reader] = driver

    def presented(self, reader: str, identity: Identity, at_monotonic: float) -> None:
        """A credential was presented."""
        presentation = Presentation(reader, identity, at_monotonic)
        if self._is_repeat(presentation):
            self.counts["repeated"] += 1
            return
        portal = self._portals.portal_of_reader(reader)
        if portal is None:
            self._hub.publish(
                "presented", {"reader": reader, "kind": identity.kind.name, "value": identity.value.hex()}
            )
        elif self._lanes[portal].full():
            self.counts["crowded"] += 1
        else:
            self._lanes[portal].put_nowait(presentation)

    def scanned(self, scanner: str, text: str, at_monotonic: float) -> None:
        """A scanner read a slip's text: the post's page takes it from here."""
        if self._clock.monotonic() - at_monotonic <= STALE_S:
            self._hub.publish("scan", {"scanner": scanner, "post": self._posts.get(scanner), "text": text})

    def device_status(self, status: DeviceStatus) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_status(status)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_alarm(device, kind, detail)

    async def serve(self, portal: str) -> None:
        """One portal's lane, until cancelled."""
        lane = self._lanes[portal]
        while True:
            await self._admit(portal, await lane.get())

    def _is_repeat(self, presentation: Presentation) -> bool:
        last = self._last.get(presentation.reader)
        if last and last.identity == presentation.identity and presentation.at - last.at < REPEAT_S:
            return True
        self._last[presentation.reader] = presentation
        return False

    async def _admit(self, portal_id: str, presentation: Presentation) -> None:
        portal = self._portals.portal(portal_id)
        if portal is None or self._is_stale(presentation):
            self.counts["stale"] += 1
            return
        key = self._key_of(presentation.identity)
        at = int(self._clock.wall())
        decision = decide(portal.policy(), self._lists.lists(), self._lists.calendar(), key, at)
        record = self._record(portal, presentation, key, decision)
        if isinstance(decision, Granted):
            await self._grant(portal, presentation, decision, record)
        else:
            await self._deny(portal.id, presentation, decision, record)
        self._tell(portal, presentation, decision, record)

    def _is_stale(self, presentation: Presentation) -> bool:
        return self._clock.monotonic() - presentation.at > STALE_S

    def _record(self, portal: Portal, presentation: Presentation, key: bytes, decision: Decision) -> Record:
        body: dict[str, object] = {"reader": presentation.reader, "key": key.hex(), "list": decision.list}
        body |= {"epoch": decision.epoch, "version": decision.version}
        if isinstance(decision, Denied):
            body["reason"] = decision.reason.value
        kind = "access.granted" if decision.granted else "access.denied"
        return self._journal.make(kind, f"portal:{portal.id}", body)

    async def _grant(self, portal: Portal, presentation: Presentation, decision: Granted, record: Record) -> None:
        """The record is safe (or its loss alarmed, see JournalWriter) before anything moves."""
        self._wrong.pop(presentation.reader, None)
        await self._journal.durable(record)
        crash.crashpoint("admission.recorded")
        if self._is_stale(presentation):
            self.counts["stale"] += 1
            self._portals.failed(portal.id, DeviceOfflineError(_TOO_LATE, portal=portal.name))
            self._show(presentation.reader, Signal.OFFLINE)
            return
        longer = 2 if decision.terms.flags & LONGER_OPENING else 1
        try:
            await self._portals.move(portal.id, portal.unlock_ms * longer)
        except GatehouseError as error:
            self._portals.failed(portal.id, error)
            self._show(presentation.reader, Signal.OFFLINE)
        else:
            self._show(presentation.reader, Signal.GRANTED)

    async def _deny(self, portal: str, presentation: Presentation, denied: Denied, record: Record) -> None:
        self._show(presentation.reader, Signal.DENIED)
        self._aside_of(self._consider_alarm(portal, presentation, denied))
        await self._journal.durable(record)

    async def _consider_alarm(self, portal: str, presentation: Presentation, denied: Denied) -> None:
        """A lost card or a copy that turns up calls a person; so does somebody who tries card after card."""
        try:
            alarm = await asyncio.to_thread(self._look_up, portal, presentation)
        except GatehouseError:
            alarm = None  # the store is away; the presentation itself is recorded
        if alarm is not None:
            self._alarms.raise_alarm(alarm.kind, alarm.source, alarm.detail)
        if denied.reason is Reason.UNKNOWN:
            self._wrong[presentation.reader] += 1
            if self._wrong[presentation.reader] % WRONG_TRIES == 0:
                self._alarms.raise_alarm("wrong_tries", f"device:{presentation.reader}", {"tries": WRONG_TRIES})

    def _show(self, reader: str, signal: Signal) -> None:
        driver = self._readers.get(reader)
        if driver is not None:
            self._aside_of(_show(driver, reader, signal))

    def _aside_of(self, work: Coroutine[object, object, None]) -> None:
        """Runs beside the lane: a lamp or an alarm never holds up the next card."""
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def _tell(self, portal: Portal, presentation: Presentation, decision: Decision, record: Record) -> None:
        self.counts["granted" if decision.granted else "denied"] += 1
        self._hub.publish(
            "access", {"portal": portal.id, "granted": decision.granted, "at_ms": record.at_ms, **record.body}
        )
        self._observer.decided(portal.id, presentation.identity, decision)


async def _show(driver: Reader, reader: str, signal: Signal) -> None:
    try:
        await driver.show(reader, signal)
    except GatehouseError:
        return  # best effort: the device's own status says that it is gone
