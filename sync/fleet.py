"""Who holds what: every controller's last report, its events, and whether it is there at all."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.domain.errors import GatehouseError, MalformedError
from gateway.ports import ControllerEvent, ControllerSink, ControllerStatus, DeviceError, WhitelistSource
from sync.clock import Clock
from sync.protocol.controllers import Ack, Events, Reply, Status
from sync.protocol.topics import Address, Kind, Topics
from sync.wire import Wire

# A controller says how it is every 30 s; three times missed is silence.
SILENT_AFTER_S: Final = 90.0
# A connection that flaps is not an outage each time.
OFFLINE_AFTER_S: Final = 5.0
ALARM_EVERY_S: Final = 600.0
_EVENTS_WAITING: Final = 1000


class ReachState(StrEnum):
    """How far a version of a list has come at one controller."""

    CONFIRMED = "confirmed"
    BEHIND = "behind"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether one controller holds a version. ``since`` (unix seconds): applied, behind, or offline since then."""

    state: ReachState
    behind_by: int = 0
    since: int | None = None


@dataclass(slots=True)
class _Presence:
    online: bool
    since: int
    heard_at: float
    gone_at: float | None = None


class Fleet:
    """Keeps the reports and hands events on to the core, acknowledging them when they are durable."""

    def __init__(
        self,
        topics: Topics,
        source: WhitelistSource,
        wire: Wire,
        sink: ControllerSink,
        clock: Clock,
        *,
        reported: Callable[[str], None],
        replied: Callable[[str, Reply], None],
    ) -> None:
        """``reported`` hears the name of each list a status spoke of; ``replied`` hears replies."""
        self._topics = topics
        self._source = source
        self._wire = wire
        self._sink = sink
        self._clock = clock
        self._reported = reported
        self._replied = replied
        self._status: dict[str, ControllerStatus] = {}
        self._presence: dict[str, _Presence] = {}
        self._events: asyncio.Queue[tuple[str, Events]] = asyncio.Queue(_EVENTS_WAITING)
        self._strangers: set[str] = set()
        self._told: dict[tuple[str, str], float] = {}

    # --- what others ask ---

    def statuses(self) -> Mapping[str, ControllerStatus]:
        """The last report of every controller that ever reported."""
        return dict(self._status)

    def is_online(self, controller: str) -> bool:
        """Whether the controller is there; a short break does not count."""
        presence = self._presence.get(controller)
        return presence is not None and presence.online

    def boot_of(self, controller: str) -> str | None:
        """The running boot of a controller that is there now, with its will not yet spoken."""
        status = self._status.get(controller)
        return status.boot if status is not None and status.online and self.is_online(controller) else None

    def highest(self, list_: str) -> tuple[int, int]:
        """The highest (epoch, version) of a list that any controller with such a portal reports."""
        held = (s.lists[list_] for c, s in self._status.items() if list_ in s.lists and list_ in self._honoured(c))
        return max(((h.epoch, h.version) for h in held), default=(0, 0))

    def _honoured(self, controller: str) -> set[str]:
        return {name for portal in self._source.portals_of(controller) for name in portal.lists}

    def reach(self, list_: str, version: int) -> dict[str, Reach]:
        """For each controller whose portals honour the list: does it hold ``version``, and since when or not."""
        epoch = self._source.lists()[list_].epoch
        return {
            c: self._reach_of(c, list_, epoch, version)
            for c in self._source.controllers()
            if list_ in self._honoured(c)
        }

    def _reach_of(self, controller: str, list_: str, epoch: int, version: int) -> Reach:
        status, presence = self._status.get(controller), self._presence.get(controller)
        held = None if status is None else status.lists.get(list_)
        mine = held.version if held is not None and held.epoch == epoch else 0
        if held is not None and held.epoch == epoch and mine >= version:
            return Reach(ReachState.CONFIRMED, since=held.applied_at)
        if presence is None or not presence.online:
            return Reach(ReachState.OFFLINE, version - mine, None if presence is None else presence.since)
        return Reach(ReachState.BEHIND, version - mine)

    # --- the wire ---

    async def listen(self) -> None:
        """Subscribes to what controllers say. Raises DeviceOfflineError."""
        kinds = (Kind.STATUS, Kind.EVENTS, Kind.REPLIES)
        filters = [self._topics.of_controller(kind, "+") for kind in kinds]
        # exact topics too: some clustered brokers send no retained messages to filters
        exact = [self._topics.of_controller(Kind.STATUS, controller) for controller in self._source.controllers()]
        await self._wire.subscribe(filters + exact)

    def heard(self, address: Address, payload: bytes) -> None:
        """A message of a controller."""
        if address.name not in self._source.controllers():
            self._stranger(address.name)
            return
        try:
            self._take(address, payload)
        except MalformedError as error:
            detail = {"controller": address.name, "kind": address.kind, "why": str(error)}
            self._alarm_now_and_then("malformed", address.name, detail)

    def _alarm_now_and_then(self, kind: str, subject: str, detail: Mapping[str, object]) -> None:
        """What a controller repeats is said again after ten minutes, not each time."""
        at = self._clock.monotonic()
        if at - self._told.get((kind, subject), -ALARM_EVERY_S) >= ALARM_EVERY_S:
            self._told[kind, subject] = at
            self._sink.sync_alarm(kind, detail)

    def _stranger(self, name: str) -> None:
        if name not in self._strangers and len(self._strangers) < 1000:
            self._strangers.add(name)
            self._sink.sync_alarm("unknown_controller", {"controller": name})

    def _take(self, address: Address, payload: bytes) -> None:
        if address.kind is Kind.STATUS and payload:
            self._take_status(address.name, Status.decode(payload))
        elif address.kind is Kind.REPLIES:
            self._replied(address.name, Reply.decode(payload))
        elif address.kind is Kind.EVENTS:
            events = Events.decode(payload)
            if not self._events.full():  # what is dropped here is sent again: it was not acknowledged
                self._events.put_nowait((address.name, events))

    def _take_status(self, controller: str, said: Status) -> None:
        now = self._clock.wall()
        status = ControllerStatus(
            controller,
            said.online,
            said.boot,
            said.at,
            now,
            said.software,
            said.lists,
            said.config,
            said.schedules,
            said.capacity,
            said.next_event,
        )
        self._status[controller] = status
        self._note_presence(controller, online=said.online, now=now)
        self._check_capacity(status)
        self._sink.controller_status(status)
        for name in said.lists:
            self._reported(name)

    def _note_presence(self, controller: str, *, online: bool, now: int) -> None:
        at = self._clock.monotonic()
        presence = self._presence.get(controller)
        if presence is None:
            self._presence[controller] = _Presence(online, now, at)
            return
        presence.heard_at = at
        if not online:
            presence.gone_at = presence.gone_at or at
            return
        presence.gone_at = None
        if not presence.online:
            presence.online, presence.since = True, now

    def _check_capacity(self, status: ControllerStatus) -> None:
        lists = self._source.lists()
        for name in self._honoured(status.controller):
            count = len(lists[name]) if name in lists else 0
            if status.capacity and count > status.capacity:
                detail = {"controller": status.controller, "list": name, "count": count, "capacity": status.capacity}
                self._alarm_now_and_then("over_capacity", f"{status.controller}/{name}", detail)

    # --- running ---

    async def run(self) -> None:
        """Takes events in and notices who went silent, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_events())
            tasks.create_task(self._watch())

    async def _take_events(self) -> None:
        while True:
            controller, events = await self._events.get()
            try:
                upto = await self._sink.events(_numbered(controller, events))
                if upto is not None:
                    topic = self._topics.of_controller(Kind.ACK, controller)
                    await self._wire.publish(topic, Ack(upto).encode())
            except DeviceError:
                continue  # the acknowledgement is repeated when the controller repeats its events
            except GatehouseError as error:
                self._sink.sync_alarm("events_not_stored", {"controller": controller, "why": str(error)})

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(1.0)
            if self._wire.connected:
                self.notice_absence()

    def notice_absence(self) -> None:
        """One alarm an outage: a will not taken back in time, or silence."""
        at = self._clock.monotonic()
        for controller, presence in self._presence.items():
            gone = presence.gone_at is not None and at - presence.gone_at >= OFFLINE_AFTER_S
            if presence.online and (gone or at - presence.heard_at >= SILENT_AFTER_S):
                presence.online, presence.since = False, self._clock.wall()
                self._sink.sync_alarm("controller_offline", {"controller": controller})

    def wire_is_back(self) -> None:
        """While the broker was away nobody could be heard; silence counts from now."""
        at = self._clock.monotonic()
        for presence in self._presence.values():
            presence.heard_at = at


def _numbered(controller: str, events: Events) -> list[ControllerEvent]:
    return [
        ControllerEvent(
            controller, events.boot, events.first + i, e.at, e.portal, e.kind, e.key, e.reason, e.list, e.detail
        )
        for i, e in enumerate(events.events)
    ]
