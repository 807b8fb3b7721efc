"""A served house for browsers: the seeded compound on SQLite behind a real uvicorn in a thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvicorn
from sqlalchemy import delete

from admin_api.app import create_app
from gateway.domain.card import CardState
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import OPEN
from gateway.domain.slip import ConsentMethod, Item, SlipKind
from gateway.domain.slip_consent import Consent
from gateway.ports import CardOnEncoder
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import BrokerAddress, House, LaidCard
from gateway.runtime.hub import EventHub
from gateway.services import accounts, alarms, gates, site, slips
from gateway.services.seed import SeededCompound, seed_compound
from gateway.services.slip_views import SlipView
from gateway.storage.store import SYSTEM, Actor, Store, UnitOfWork
from gateway.storage.tables import cards, encode_jobs
from tests.admin_api import house as fakes
from tests.admin_api.encoding import FakeEncoding

LAKE_BLANK = bytes((0x04, 0xB1, 0x01, 0x52, 0x6E, 0x61, 0x80))
"""A blank card of the seeded stock."""


class RealClock:
    """The machine's clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class Site:
    """A running server and the handles a test pulls."""

    url: str
    house: House
    compound: SeededCompound
    loop: asyncio.AbstractEventLoop
    served: int = 0

    @property
    def encoding(self) -> FakeEncoding:
        """The work at the encoders, which does nothing by itself."""
        assert isinstance(self.house.encoding, FakeEncoding)
        return self.house.encoding

    @property
    def devices(self) -> fakes.FakeDevices:
        """How devices stand."""
        assert isinstance(self.house.devices, fakes.FakeDevices)
        return self.house.devices

    def calm(self) -> None:
        """Nothing is being written anywhere, there are keys, and the encoder answers."""
        self.encoding.version = 1
        self.encoding.batches.clear()
        self.encoding.acts.clear()
        self.devices.known = [status for status in self.devices.known if status.device != "desk"]
        with self.house.store.write(SYSTEM) as uow:
            unfinished = [state.value for state in OPEN]
            uow.conn.execute(delete(encode_jobs).where(encode_jobs.c.state.in_(unfinished)))
            uow.conn.execute(delete(cards).where(cards.c.state == CardState.RESERVED.value))

    def link(self, login: str) -> str:
        """A fresh one-time link for a seeded user."""
        with self.house.store.write(SYSTEM) as uow:
            return f"{self.url}/sign-in/{accounts.make_sign_in_link(uow, self.compound.users[login])}"

    def publish(self, kind: str, data: Mapping[str, object]) -> None:
        """Something happens, on the loop's thread as in the gateway."""
        self.loop.call_soon_threadsafe(self.house.hub.publish, kind, data)

    def lay(self, uid: bytes | None, found: FoundCard | None = None, *, random_uid: bool = False) -> None:
        """A card is laid on the encoder, or lifted. ``found``: what it turned out to be; without, a plain card."""
        encoders = self.house.encoders
        assert isinstance(encoders, fakes.FakeEncoders)
        before = encoders.known[0]
        card = None if uid is None else CardOnEncoder(uid, "uid", random_uid)
        if found is None and uid is not None:
            found = FoundCard(uid, CardKind.UID, FoundState.UID_ONLY)
        encoders.known[0] = LaidCard(before.encoder, before.version + 1, card, found=found)
        self.publish("encoder", {"encoder": before.encoder})

    def slip(
        self,
        items: tuple[Item, ...] | None = None,
        *,
        plate: str | None = "粤B12345",
        post: str = "north",
        several_trips: bool = True,
    ) -> SlipView:
        """An issued slip of an owner who stood at the desk."""
        with self.house.store.write(self.clerk) as uow:
            return issue_slip(
                uow, self.house, self.compound, items, plate=plate, post=post, several_trips=several_trips
            )

    @property
    def clerk(self) -> Actor:
        """Someone at the desk."""
        with self.house.store.read() as conn:
            user = accounts.get_user(conn, self.compound.users["desk"])
        return Actor(f"user:{user.id}", user.name, user.roles)


def issue_slip(
    uow: UnitOfWork,
    house: House,
    compound: SeededCompound,
    items: tuple[Item, ...] | None,
    *,
    plate: str | None,
    post: str,
    several_trips: bool = True,
) -> SlipView:
    """A sofa and twelve cartons, unless told otherwise."""
    assert compound.li_na.unit_id is not None
    return slips.create_and_issue(
        uow,
        house.keys.slips,
        Consent(ConsentMethod.SIGNED_AT_DESK, "李娜", uow.now, identity_checked=True),
        kind=SlipKind.HOUSEHOLD,
        unit_id=compound.li_na.unit_id,
        applicant="李娜",
        items=items or (Item(1, "三人沙发", 1, "张"), Item(2, "纸箱", 12, "箱"), Item(3, "双门冰箱", 1, "台")),
        post=post,
        plate=plate,
        several_trips=several_trips,
    )


def build(store: Store, clock: RealClock) -> tuple[House, SeededCompound]:
    """The seeded compound behind fakes of everything that has wires, with an alarm and some events."""
    with store.write(SYSTEM) as uow:
        compound = seed_compound(uow, fakes.KEYRING)
        site.add_post(uow, id="south", name="南门岗")
    house = House(
        store=store,
        keys=compound.keys,
        keyring=fakes.KEYRING,
        keeper=fakes.StoreKeeper(store),
        hub=EventHub(),
        devices=fakes.FakeDevices(),
        encoders=fakes.FakeEncoders(),
        encoding=FakeEncoding(),
        portals=fakes.FakePortals(),
        fleet=fakes.FakeFleet(),
        commands=fakes.FakeCommands(),
        broker_address=BrokerAddress("127.0.0.1", 1883),
        clock=clock,
    )
    _happen(house, compound)
    return house, compound


def _happen(house: House, compound: SeededCompound) -> None:
    """A little of an ordinary afternoon."""
    with house.store.read() as conn:
        portal = gates.list_portals(conn)[0]
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, "device_offline", "device:main-reader", {"why": "main-reader does not answer."})
        key = {"key": b"\x01unknown".hex(), "list": portal.lists[0], "version": 3}
        uow.record("access.granted", f"portal:{portal.id}", {"credential": compound.li_na.credential})
        uow.record("access.denied", f"portal:{portal.id}", {"reason": "unknown_credential", **key})
        uow.record("portal.opened", f"portal:{portal.id}", {"reason": "婴儿车"})


class Worker(Protocol):
    """Something that works beside the server until the end."""

    async def run(self) -> None:
        """Until cancelled."""


Furnish = Callable[[House], tuple[House, Worker | None]]
"""Puts other parts into the house, on the loop's thread."""


@contextmanager
def served(
    directory: Path,
    prepare: Callable[[Site], None] = lambda _running: None,
    furnish: Furnish = lambda house: (house, None),
) -> Iterator[Site]:
    """The site on a free port of this machine until the context ends."""
    store = Store(f"sqlite:///{directory / 'browser.db'}")
    store.migrate()
    empty, compound = build(store, RealClock())
    started = threading.Event()
    running: list[tuple[House, uvicorn.Server, asyncio.AbstractEventLoop]] = []

    async def main() -> None:
        house, worker = furnish(empty)
        server = uvicorn.Server(uvicorn.Config(create_app(house), host="127.0.0.1", port=0, log_config=None))
        running.append((house, server, asyncio.get_running_loop()))
        work = None if worker is None else asyncio.ensure_future(worker.run())
        config = server.config
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        started.set()
        await server.main_loop()
        if work is not None:
            work.cancel()
        house.hub.close()  # type: ignore[attr-defined]  # the real hub, behind its contract
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="uvicorn")
    thread.start()
    assert started.wait(20), "the server did not start"
    house, server, loop = running[0]
    port = server.servers[0].sockets[0].getsockname()[1]
    site = Site(f"http://127.0.0.1:{port}", house, compound, loop)
    try:
        prepare(site)
        yield site
    finally:
        server.should_exit = True
        thread.join(20)
        store.close()
