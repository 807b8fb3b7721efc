"""The composition root: the only place that sees every part, and plugs them together."""

import asyncio
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from drivers.cards.work import CardDesk
from drivers.registry import Sinks
from gateway.daemon.config import Config, MqttTable
from gateway.daemon.figures import DecisionFigures
from gateway.daemon.key_source import open_keyring
from gateway.daemon.lock import LeaseKeeper, holder_of
from gateway.daemon.opening import MARK_FILE, broker_accounts, broker_address, has_secrets, open_keys
from gateway.daemon.wiring import (
    FleetView,
    ListNews,
    SyncClock,
    keep_alarms_in,
    look_up_in,
    look_up_key_in,
    plug_in,
    read_card_with,
    sweep_in,
)
from gateway.ports import Device
from gateway.runtime.admission import Admission
from gateway.runtime.alarms import Alarms
from gateway.runtime.card_book import CardBook
from gateway.runtime.clock import SteadyClock, TimeStep
from gateway.runtime.controllers import Controllers
from gateway.runtime.devices import Devices
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.encode_run import EncodeRunner
from gateway.runtime.encoders import Encoders
from gateway.runtime.house import House
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_store import StoreJournal
from gateway.runtime.journal_writer import JournalWriter
from gateway.runtime.portals import Portals, Wiring
from gateway.runtime.records import RecordMaker
from gateway.runtime.spill import Spill
from gateway.runtime.supervision import Job, Supervisor
from gateway.runtime.sweeper import Sweeper
from gateway.runtime.whitelists import WhitelistKeeper
from gateway.services import encode_jobs, site
from gateway.services.keys import Keys
from gateway.storage.highwater import HighWater, Standing
from gateway.storage.store import SYSTEM, Committed, Store
from sync.gateway import GatewaySync
from sync.session import BrokerSettings, Tls

SPILL_FILE: Final = "emergency-journal"
SOFTWARE: Final = "gatehouse"
END_OF_EPOCH: Final = 2**63 - 1

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway put together; nothing runs before ``jobs`` and ``drivers`` are supervised."""

    house: House
    supervisor: Supervisor
    journal: JournalWriter
    hub: EventHub
    jobs: tuple[Job, ...]
    drivers: tuple[Device, ...]
    lease: LeaseKeeper
    sync: GatewaySync | None

    def start(self) -> None:
        """Everything runs from now on, and nothing at the gates moves by it."""
        for job in self.jobs:
            self.supervisor.supervise(job)
        for driver in self.drivers:
            self.supervisor.supervise(driver)
        if self.sync is not None:
            self.supervisor.supervise(self.sync)

    async def stop(self) -> None:
        """Ends everything in order: first what brings news, then what writes it."""
        self.hub.close()
        await self.supervisor.stop()
        await self.journal.stop()


def build(config: Config, store: Store, clock: SteadyClock, lost: Callable[[str], None]) -> Gateway:
    """On the event loop's thread. ``lost`` is told, from any thread, when another gateway took over."""
    lease = LeaseKeeper(store, holder_of(config.data), lost)
    lease.take()
    with store.write(SYSTEM) as uow:
        encode_jobs.lapse(uow, at_start=True)  # cards that an earlier run left half-written
    ring = open_keyring(config, make=not has_secrets(store))
    keys = open_keys(config, store, ring)
    mark = HighWater(config.data / MARK_FILE)
    keeper = WhitelistKeeper(store, mark.advance)
    keeper.load()
    behind = mark.behind(keeper.standing())
    hub = EventHub()
    keeper.listen(ListNews(hub))
    alarms = Alarms(hub, keep_alarms_in(store))
    journal = _journal(config, store, clock, alarms)
    devices = Devices(clock, hub, journal, alarms)
    encoders = Encoders(hub, devices, config.placed("desk"))
    portals = Portals(
        _wiring(config), keeper.portal, clock=clock, hub=hub, journal=journal, alarms=alarms, devices=devices
    )
    admission = Admission(
        key_of=keys.list,
        lists=keeper,
        portals=portals,
        journal=journal,
        hub=hub,
        alarms=alarms,
        devices=devices,
        clock=clock,
        posts=config.placed("post"),
        look_up=look_up_in(store, keys),
        observer=DecisionFigures(),
    )
    controllers = Controllers(store, hub, alarms, look_up_key_in(store, keys))
    book, work, templates = CardBook(store, ring), CardDesk(keys.site_number), config.cards.templates()
    desk = EncodeDesk(
        store=store,
        encoders=encoders,
        runner=EncodeRunner(store, keys, book, work, hub),
        work=work,
        card_keys=book,
        templates=templates,
    )
    sinks = Sinks(admission, portals, encoders, read_card_with(work, book, templates))
    drivers = plug_in(config, sinks, admission=admission, portals=portals, desk=desk)
    sync = (
        None
        if config.mqtt is None or behind
        else _sync(config.mqtt, store, keys, keeper, controllers, devices=devices, clock=clock)
    )
    if behind:
        _refuse_to_publish(behind, mark, alarms)
    elif sync is not None:
        mark.advance(keeper.standing())
        keeper.listen(sync)
    _tell_pages(store, hub)
    _watch_time(clock, alarms)
    sweeper = Sweeper(sweep_in(store, keys))
    jobs = {
        "journal": journal.run,
        "lists": keeper.run,
        "alarms": alarms.run,
        "portals": portals.run,
        "controllers": controllers.run,
        "expiry": sweeper.run,
        "lease": lease.run,
    }
    lanes = {f"portal {name}": partial(admission.serve, name) for name in portals.wired()}
    lanes |= {f"desk {name}": partial(desk.serve, name) for name in desk.names()}
    house = House(
        store=store,
        keys=keys,
        keyring=ring,
        keeper=keeper,
        hub=hub,
        devices=devices,
        encoders=encoders,
        encoding=desk,
        portals=portals,
        fleet=None if sync is None else FleetView(sync),
        commands=sync,
        broker_address=None if config.mqtt is None else broker_address(config.mqtt),
        clock=clock,
        broker_accounts=None if config.mqtt is None else broker_accounts(config.mqtt),
        removals=None if sync is None else sync.publisher,
    )
    supervisor = Supervisor(clock, devices)
    running = tuple(Job(name, work) for name, work in (jobs | lanes).items())
    return Gateway(house, supervisor, journal, hub, running, drivers, lease, sync)


def _refuse_to_publish(behind: Mapping[str, Standing], mark: HighWater, alarms: Alarms) -> None:
    """The store was restored from a backup: its versions were given out before, with other contents.

    The mark goes to the end of the epoch, so that no change made now can grow past it: only a new epoch
    (``gatehouse lists raise-epoch``) publishes again.
    """
    mark.advance({name: (epoch, END_OF_EPOCH) for name, (epoch, _version) in behind.items()})
    said = {name: f"{epoch}.{version}" for name, (epoch, version) in behind.items()}
    log.error("store_is_older_than_published", lists=said)
    alarms.raise_alarm("store_restored", "lists", said)


def _journal(config: Config, store: Store, clock: SteadyClock, alarms: Alarms) -> JournalWriter:
    spill = Spill(config.data / SPILL_FILE)
    journal = JournalWriter(StoreJournal(store), spill, RecordMaker(store.boot, clock.wall))
    journal.trouble = lambda kind, detail: alarms.raise_alarm(kind, "journal", detail)
    journal.replay()
    return journal


def _wiring(config: Config) -> dict[str, Wiring]:
    """Every portal a device of the configuration stands at; what is no barrier is a reader."""
    barriers = {device.name for device in config.devices if device.is_barrier}
    wired: dict[str, Wiring] = {}
    for name, portal in config.placed("portal").items():
        known = wired.get(portal, Wiring())
        more = Wiring(known.readers, name) if name in barriers else Wiring((*known.readers, name), known.barrier)
        wired[portal] = more
    return wired


def _sync(
    mqtt: MqttTable,
    store: Store,
    keys: Keys,
    keeper: WhitelistKeeper,
    controllers: Controllers,
    *,
    devices: Devices,
    clock: SteadyClock,
) -> GatewaySync:
    with store.read() as conn:
        slug = site.describe(conn).slug
    return GatewaySync(
        site=slug,
        broker=_broker(mqtt, slug),
        source=keeper,
        sink=controllers,
        signer=lambda: keys.signing,
        clock=SyncClock(clock),
        jitter=random.random,
        new_id=lambda: uuid.uuid4().hex,
        software=SOFTWARE,
        status=devices,
    )


def _broker(mqtt: MqttTable, slug: str) -> BrokerSettings:
    tls = None
    if mqtt.ca_file is not None:
        certificate = None if mqtt.cert_file is None else str(mqtt.cert_file)
        tls = Tls(str(mqtt.ca_file), certificate, None if mqtt.key_file is None else str(mqtt.key_file))
    return BrokerSettings(
        mqtt.host, mqtt.port, f"gatehouse-{slug}", mqtt.username, mqtt.secret(), tls, mqtt5=mqtt.version == 5
    )


def _tell_pages(store: Store, hub: EventHub) -> None:
    """News kind ``record``: the journal grew."""
    loop = asyncio.get_running_loop()

    def committed(change: Committed) -> None:
        if change.last_seq and not loop.is_closed():
            loop.call_soon_threadsafe(hub.publish, "record", {"seq": change.last_seq})

    store.subscribe(committed)


def _watch_time(clock: SteadyClock, alarms: Alarms) -> None:
    loop = asyncio.get_running_loop()

    def stepped(step: TimeStep) -> None:
        detail = {"expected": int(step.expected), "seen": int(step.seen)}
        loop.call_soon_threadsafe(alarms.raise_alarm, "time_suspect", "clock", detail)

    clock.on_step(stepped)
