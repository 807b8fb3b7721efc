"""What controllers say: events into the journal exactly once, reports into the table and to the pages."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from gateway.domain.errors import GatehouseError
from gateway.ports import ControllerEvent, ControllerStatus
from gateway.runtime.alarms import Alarm, Alarms
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_store import credentials_of
from gateway.storage import journal, tables
from gateway.storage.store import SYSTEM, Store

KEEP_EVERY_S: Final = 1.0
# A controller sends again after ten seconds what was not acknowledged: what did not come by then is gone.
GAP_PATIENCE_S: Final = 30.0

LookUpKey = Callable[[str, bytes], Alarm | None]
"""The alarm that a credential key denied at a portal calls for; None for almost all."""

_taken = tables.controller_events


class Controllers:
    """Hears the fleet (ports.ControllerSink). News kinds: ``controller``, ``controller_event``."""

    def __init__(
        self,
        store: Store,
        hub: EventHub,
        alarms: Alarms,
        look_up: LookUpKey,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._hub = hub
        self._alarms = alarms
        self._look_up = look_up
        self._monotonic = monotonic
        self._waiting: dict[str, ControllerStatus] = {}
        self._gaps: dict[tuple[str, str], tuple[int, float]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def events(self, events: Sequence[ControllerEvent]) -> int | None:
        """Makes them durable in order, drops repeats; the last contiguous number to acknowledge, or None."""
        if not events:
            return None
        async with self._one_at_a_time:
            once = {event.number: event for event in events}
            upto, new = await asyncio.to_thread(self._take, [once[number] for number in sorted(once)])
        for event in new:
            self._hub.publish("controller_event", {"controller": event.controller, **_body(event)})
        await self._consider_alarms(new)
        return upto or None

    async def _consider_alarms(self, events: Sequence[ControllerEvent]) -> None:
        """A lost card or a copy that turns up calls a person, as it does at our own readers."""
        for event in events:
            if event.kind == "denied" and event.key:
                try:
                    alarm = await asyncio.to_thread(self._look_up, event.portal or "", event.key)
                except GatehouseError:
                    continue  # the store is away; the event itself is recorded
                if alarm is not None:
                    self._alarms.raise_alarm(alarm.kind, alarm.source, alarm.detail)

    def _take(self, events: Sequence[ControllerEvent]) -> tuple[int, list[ControllerEvent]]:
        controller, boot = events[0].controller, events[0].boot
        with self._store.write(SYSTEM) as uow:
            known = _upto(uow.conn, controller, boot)
            before = _before(uow.conn, controller, events[0].number) if known is None else known
            new = [event for event in events if event.number > before]
            if not new or self._asks_again(new[0], before):
                return before, []
            upto = self._contiguous(new)
            new = [event for event in new if event.number <= upto]
            journal.append(uow.conn, self._store.boot, uow.now_ms, _rows(uow.conn, new, before))
            _remember(uow.conn, controller, boot, upto, first=known is None)
        return upto, new

    def _asks_again(self, event: ControllerEvent, before: int) -> bool:
        """A gap is asked for by acknowledging what is there, until it lasts longer than a controller takes to repeat.

        Others of its events may arrive first: those it sent before it heard of the gap.
        """
        name, now = (event.controller, event.boot), self._monotonic()
        if event.number == before + 1 or _stands_for(event, before + 1):
            self._gaps.pop(name, None)
            return False
        known = self._gaps.get(name)
        if known is None or known[0] != before:
            self._gaps[name] = (before, now)
            return True
        if now - known[1] < GAP_PATIENCE_S:
            return True
        del self._gaps[name]
        return False

    @staticmethod
    def _contiguous(events: Sequence[ControllerEvent]) -> int:
        upto = events[0].number
        for event in events:
            if event.number > upto + 1:
                break
            upto = event.number
        return upto

    def controller_status(self, status: ControllerStatus) -> None:
        """A new report: shown at once, kept within a second."""
        self._waiting[status.controller] = status
        self._hub.publish("controller", as_json(status))

    def sync_alarm(self, kind: str, detail: Mapping[str, object]) -> None:
        """Publish refused, digest mismatch, controller ahead of us, and so on; a lost broker is a device's outage."""
        if kind == "broker_offline":
            return
        about = next((name for name in ("controller", "list") if name in detail), None)
        self._alarms.raise_alarm(kind, f"{about}:{detail[about]}" if about else "sync", detail)

    async def run(self) -> None:
        """Keeps reports in the table, all that came within a second in one transaction."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            if self._waiting:
                waiting, self._waiting = self._waiting, {}
                try:
                    await asyncio.to_thread(self._keep, list(waiting.values()))
                except GatehouseError:
                    self._waiting = waiting | self._waiting
                    raise

    def _keep(self, reports: Iterable[ControllerStatus]) -> None:
        c = tables.controllers.c
        with self._store.write(SYSTEM) as uow:
            for report in reports:
                values = {"report": as_json(report), "seen_at": report.seen_at}
                uow.conn.execute(update(tables.controllers).where(c.id == report.controller).values(**values))


def _stands_for(event: ControllerEvent, number: int) -> bool:
    """Whether it is what is left of the events from this number on: the controller's memory ran over."""
    first = (event.detail or "").partition("-")[0]
    return event.kind == "overflow" and first.isascii() and first.isdecimal() and int(first) <= number


def _upto(conn: Connection, controller: str, boot: str) -> int | None:
    c = _taken.c
    return conn.scalar(select(c.upto).where(c.controller == controller, c.boot == boot))


def _before(conn: Connection, controller: str, number: int) -> int:
    """What a controller with a new boot has told before: its numbers go on, unless its store was emptied."""
    last = conn.scalar(select(func.max(_taken.c.upto)).where(_taken.c.controller == controller)) or 0
    return last if number > last else number - 1


def _remember(conn: Connection, controller: str, boot: str, upto: int, *, first: bool) -> None:
    row = {"controller": controller, "boot": boot, "upto": upto}
    c = _taken.c
    change = insert(_taken) if first else update(_taken).where(c.controller == controller, c.boot == boot)
    conn.execute(change.values(**row))


def _rows(conn: Connection, events: Sequence[ControllerEvent], before: int) -> list[journal.Record]:
    holders = credentials_of(conn, {(event.list, event.key.hex()) for event in events if event.key and event.list})
    rows = []
    if events[0].number > before + 1:
        gap = {"from": before + 1, "to": events[0].number - 1}
        rows.append(journal.Record("controller.events_lost", "system", f"controller:{events[0].controller}", gap))
    return rows + [_row(event, holders) for event in events]


def _row(event: ControllerEvent, holders: Mapping[str, str]) -> journal.Record:
    target = f"portal:{event.portal}" if event.portal else f"controller:{event.controller}"
    body = _body(event)
    if event.key and event.key.hex() in holders:
        body["credential"] = holders[event.key.hex()]
    return journal.Record(_kind(event), f"controller:{event.controller}", target, body, at_ms=event.at * 1000)


def _kind(event: ControllerEvent) -> str:
    """As at our own portals: a passage is ``access.granted`` or ``access.denied``, all else ``controller.…``."""
    return f"access.{event.kind}" if event.kind in {"granted", "denied"} else f"controller.{event.kind}"[:40]


def _body(event: ControllerEvent) -> dict[str, object]:
    body = {
        "portal": event.portal,
        "boot": event.boot,
        "number": event.number,
        "key": event.key.hex() if event.key else None,
        "reason": event.reason,
        "list": event.list,
        "detail": event.detail,
    }
    return {name: value for name, value in body.items() if value is not None}


def as_json(status: ControllerStatus) -> dict[str, object]:
    """A report as the table and the pages keep it; roots in hexadecimal."""
    return {
        "controller": status.controller,
        "online": status.online,
        "boot": status.boot,
        "at": status.at,
        "seen_at": status.seen_at,
        "software": status.software,
        "lists": {
            name: {
                "epoch": held.epoch,
                "version": held.version,
                "root": held.root.hex(),
                "count": held.count,
                "applied_at": held.applied_at,
            }
            for name, held in status.lists.items()
        },
        "config": status.config,
        "schedules": status.schedules,
        "capacity": status.capacity,
        "next_event": status.next_event,
    }
