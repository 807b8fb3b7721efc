"""Where services meet the runtime: what runtime parts call when they need the store's procedures."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from drivers import registry
from drivers.registry import Sinks
from gateway.daemon.config import Config, DeviceTable
from gateway.domain.card_template import CardTemplates
from gateway.ports import Barrier, ControllerStatus, Device, ListBatch, Reader
from gateway.ports.cards import CardEncoder, CardTransport, CardWork, GateReading, ReadCard
from gateway.runtime.admission import Admission, LookUp, Presentation
from gateway.runtime.alarms import Alarm
from gateway.runtime.card_book import CardKeySource
from gateway.runtime.clock import Clock
from gateway.runtime.controllers import LookUpKey
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.hub import EventHub
from gateway.runtime.portals import Portals
from gateway.services import alarms, encode_jobs, presented, sweep
from gateway.services.card_faces import CardFaces
from gateway.services.card_views import CardView
from gateway.services.keys import Keys
from gateway.storage import lists
from gateway.storage.store import SYSTEM, Committed, Store

if TYPE_CHECKING:
    from sync.gateway import GatewaySync


def look_up_in(store: Store, keys: Keys) -> LookUp:
    """Finds what a denied credential at a reader of the gateway calls for: a card nobody should hold, or a copy."""

    def look_up(portal: str, presentation: Presentation) -> Alarm | None:
        with store.read() as conn:
            imitated = presented.imitated(conn, presentation.identity, portal)
            if imitated is not None:
                return _copied(imitated, portal)
            card = presented.presented_denied(conn, keys, presentation.identity)
        return _reported(card, f"device:{presentation.reader}")

    return look_up


def look_up_key_in(store: Store, keys: Keys) -> LookUpKey:
    """The same for a credential key that a controller denied."""
    faces = CardFaces(keys.list)

    def committed(change: Committed) -> None:
        if change.lists:
            faces.lists_changed()

    def look_up(portal: str, key: bytes) -> Alarm | None:
        with store.read() as conn:
            imitated = presented.imitated_key(conn, faces, key, portal)
            if imitated is not None:
                return _copied(imitated, portal)
            card = presented.presented_key(conn, keys, key)
        return _reported(card, f"portal:{portal}")

    store.subscribe(committed)
    return look_up


def _copied(card: CardView, portal: str) -> Alarm:
    detail = {"card": card.number, "unit": card.unit, "portal": portal}
    return Alarm("clone_suspected", card.credential, detail)


def _reported(card: CardView | None, source: str) -> Alarm | None:
    if card is None or card.state not in presented.ALARMING:
        return None
    return Alarm("card_reported", source, {"card": card.number, "state": card.state.value, "unit": card.unit})


def keep_alarms_in(store: Store) -> Callable[[Alarm], None]:
    """Writes alarms into the store."""

    def keep(alarm: Alarm) -> None:
        with store.write(SYSTEM) as uow:
            alarms.raise_alarm(uow, alarm.kind, alarm.source, alarm.detail)

    return keep


def sweep_in(store: Store, keys: Keys) -> Callable[[], None]:
    """What becomes due by time alone, and changes nobody needs any more."""

    def run() -> None:
        with store.write(SYSTEM) as uow:
            sweep.sweep(uow, keys)
            encode_jobs.lapse(uow)
            lists.prune(uow)

    return run


class ListNews:
    """Tells the pages of lists and set-up (ports.ListListener). News kinds: ``lists`` and ``site``."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub

    def lists_changed(self, batches: Sequence[ListBatch]) -> None:
        """These lists have new versions."""
        self._hub.publish("lists", {batch.list: batch.version for batch in batches})

    def site_changed(self) -> None:
        """Schedules, portals or controllers changed."""
        self._hub.publish("site", {})


def read_card_with(work: CardWork, card_keys: CardKeySource, templates: CardTemplates) -> ReadCard:
    """Reads the number in our application, for readers at the gates that leave it to the gateway."""

    async def read(card: CardTransport) -> GateReading:
        return await work.read(card, await asyncio.to_thread(card_keys.keys), templates)

    return read


def plug_in(
    config: Config, sinks: Sinks, *, admission: Admission, portals: Portals, desk: EncodeDesk
) -> tuple[Device, ...]:
    """A driver for each device of the configuration, connected both ways. Nothing is opened yet."""
    return tuple(_plug(table, sinks, admission, portals, desk) for table in config.devices)


def _plug(table: DeviceTable, sinks: Sinks, admission: Admission, portals: Portals, desk: EncodeDesk) -> Device:
    driver = registry.build(table.settings(), sinks)
    if table.is_barrier:
        portals.attach(cast("Barrier", driver))
    elif table.desk is not None and hasattr(driver, "card"):
        desk.attach(cast("CardEncoder", driver))
    elif hasattr(driver, "show"):
        for reader in table.places("portal"):
            admission.attach(reader, cast("Reader", driver))
    return driver


def _at_most(report: ControllerStatus, most: Mapping[str, int]) -> ControllerStatus:
    held = {
        name: replace(one, version=min(one.version, most[name])) if name in most else one
        for name, one in report.lists.items()
    }
    return replace(report, lists=held)


class FleetView:
    """What the pages ask of the publisher (house.FleetPort)."""

    def __init__(self, sync: "GatewaySync") -> None:
        self._sync = sync

    def statuses(self) -> Sequence[ControllerStatus]:
        """The last report of each controller.

        While a mass removal waits for a person, no report counts as having it: a gate's version may be newer,
        but the cards it took off still open there.
        """
        most = {name: held.version - 1 for name, held in self._sync.publisher.held.items()}
        reports = self._sync.fleet.statuses().values()
        return [_at_most(report, most) for report in reports] if most else list(reports)

    def broker_online(self) -> bool:
        """Whether the broker is reached."""
        return self._sync.connected


class SyncClock:
    """The gateway's clock as sync wants it: whole seconds on the wire."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wall(self) -> int:
        """Unix seconds."""
        return int(self._clock.wall())

    def monotonic(self) -> float:
        """Seconds from anywhere."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""
        await asyncio.sleep(seconds)
