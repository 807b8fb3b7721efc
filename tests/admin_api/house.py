"""A house for tests: a real store behind fakes of everything that has wires."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.decision import Direction, PortalMode
from gateway.domain.entitlement import BasisKind
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import Whitelist
from gateway.ports import (
    BarrierReading,
    BarrierState,
    CommandResult,
    ControllerStatus,
    DeviceError,
    DeviceState,
    DeviceStatus,
)
from gateway.runtime.house import BrokerAddress, House, LaidCard
from gateway.runtime.hub import EventHub
from gateway.services import gates, site
from gateway.services.gates import NewPortal
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring
from gateway.storage import lists
from gateway.storage.store import SYSTEM, Store
from tests.admin_api.encoding import FakeEncoding

KEYRING = Keyring(bytes(range(32)))


@dataclass
class FakeClock:
    """Unix seconds that move only when told to; shared with the store by ``SteppedClock``-like callables."""

    now: float = 1_760_000_000

    def __call__(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@dataclass
class StoreKeeper:
    """A whitelist source without a memory: it reads the store each time it is asked."""

    store: Store

    def lists(self) -> Mapping[str, Whitelist]:
        with self.store.read() as conn:
            return lists.load(conn)

    def calendar(self) -> Calendar:
        with self.store.read() as conn:
            return lists.calendar(conn)

    def portals_of(self, controller: str) -> Sequence[Portal]:
        with self.store.read() as conn:
            return [portal for portal in lists.portals(conn) if portal.controller == controller]

    def controllers(self) -> Sequence[str]:
        with self.store.read() as conn:
            return [controller.id for controller in gates.list_controllers(conn) if controller.enrolled_at]

    def config_version(self) -> int:
        with self.store.read() as conn:
            return site.describe(conn).config_version


@dataclass
class FakeDevices:
    """Two devices, one of them dark."""

    known: list[DeviceStatus] = field(
        default_factory=lambda: [
            DeviceStatus("main-barrier", DeviceState.ONLINE),
            DeviceStatus("main-reader", DeviceState.OFFLINE, "The adapter %(port)s is gone.", {"port": "ttyUSB0"}),
        ]
    )

    def statuses(self) -> Sequence[DeviceStatus]:
        return self.known


@dataclass
class FakeEncoders:
    """The desk's encoder, empty until a test lays something on it."""

    known: list[LaidCard] = field(default_factory=lambda: [LaidCard("desk", 0)])

    def laid(self) -> Sequence[LaidCard]:
        return self.known


@dataclass
class FakePortals:
    """Barriers that note what was asked of them; ``failure`` is what they answer instead."""

    acts: list[tuple[str, ...]] = field(default_factory=list)
    failure: DeviceError | None = None

    def wired(self) -> Collection[str]:
        return {"main-in"}

    def readings(self) -> Mapping[str, BarrierReading]:
        return {"main-in": BarrierReading(BarrierState.CLOSED, loop_before=False, loop_under=False, beam=False)}

    async def open(self, portal: str, *, by: str, reason: str) -> None:
        self._act("open", portal, by, reason)

    async def apply_mode(self, portal: str, mode: PortalMode) -> None:
        self._act("mode", portal, mode.value)

    def _act(self, *act: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.acts.append(act)


@dataclass
class FakeFleet:
    """What the publisher knows: nothing, and that the broker answers."""

    known: list[ControllerStatus] = field(default_factory=list)
    online: bool = True

    def statuses(self) -> Sequence[ControllerStatus]:
        return self.known

    def broker_online(self) -> bool:
        return self.online


@dataclass(frozen=True, slots=True)
class FakeHeld:
    """A removal that waits."""

    removals: int
    count_before: int


@dataclass
class FakeRemovals:
    """One list waits for a person."""

    held: dict[str, FakeHeld] = field(default_factory=lambda: {"gardens": FakeHeld(20, 120)})

    def confirm(self, list_: str) -> None:
        """No longer."""
        del self.held[list_]


@dataclass
class FakeCommands:
    """Controllers that note their commands and answer ``result``."""

    sent: list[tuple[str, str, str | None, str]] = field(default_factory=list)
    result: CommandResult = CommandResult.DONE

    async def command(self, controller: str, kind: str, portal: str | None, by: str) -> CommandResult:
        self.sent.append((controller, kind, portal, by))
        return self.result


def make_house(store: Store, clock: FakeClock) -> House:
    """A house around an empty store, with a small site."""
    with store.write(SYSTEM) as uow:
        site.create_site(uow, slug="lake", number=7, name="湖景苑", timezone="Asia/Shanghai", keyring=KEYRING)
    house = open_house(store, clock)
    _furnish(store, house.keys)
    return house


def open_house(store: Store, clock: FakeClock) -> House:
    """A house around the store of an earlier one."""
    with store.read() as conn:
        keys = Keys.load(conn, KEYRING)
    return House(
        store=store,
        keys=keys,
        keyring=KEYRING,
        keeper=StoreKeeper(store),
        hub=EventHub(),
        devices=FakeDevices(),
        encoders=FakeEncoders(),
        encoding=FakeEncoding(),
        portals=FakePortals(),
        fleet=FakeFleet(),
        commands=FakeCommands(),
        broker_address=BrokerAddress("127.0.0.1", 1883),
        clock=clock,
    )


def _furnish(store: Store, keys: Keys) -> None:
    """One area, a wired portal each way, a controller with a portal, two posts, and what living here gives."""
    with store.write(SYSTEM) as uow:
        site.add_area(uow, id="gardens", name="花园")
        for basis in (BasisKind.RESIDENCE, BasisKind.TENANCY):
            site.set_access_rule(uow, keys, basis=basis, common_areas=["gardens"])
        gates.add_portal(uow, NewPortal("main-in", "大门入口", Direction.IN, ("gardens",)))
        gates.add_portal(uow, NewPortal("main-out", "大门出口", Direction.OUT, ("gardens",)))
        north = NewPortal("north-in", "北门入口", Direction.IN, ("gardens",))
        gates.add_controller(uow, id="north", name="北门", portals=[north])
        gates.add_post(uow, id="main", name="大门岗", portal="main-in")
        gates.add_post(uow, id="north", name="北岗", portal="north-in")
