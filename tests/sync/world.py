"""A site in memory, its gateway and its gates: what the tests of sync share."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.decision import Direction
from gateway.domain.identity import Identity, IdentityKind, KeyMaker
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import NO_END, Changes, Entry, Terms, Whitelist
from gateway.ports import ControllerEvent, ControllerStatus, ListBatch
from gateway.signing.keys import SigningKey
from sync.clock import SystemClock
from sync.controller import Controller
from sync.gateway import GatewaySync
from sync.provisioning import provisioning
from sync.publisher import PublisherSettings
from sync.session import BrokerSettings

SITE = "riverside"
LIST_KEY = bytes(range(32))
KEY = SigningKey(b"\x07" * 32)
KEY_OF = KeyMaker(LIST_KEY)
FOREVER = Terms(0, NO_END)
QUICK = PublisherSettings(read_back_quiet_s=0.2)


def card(number: int) -> Identity:
    """The UID of the n-th card."""
    return Identity(IdentityKind.UID, b"\x04" + number.to_bytes(6))


def key(number: int) -> bytes:
    """Its key on a list."""
    return KEY_OF(card(number))


def entries(count: int) -> list[Entry]:
    """The first ``count`` cards, admitted always."""
    return [Entry(key(number), FOREVER) for number in range(count)]


async def until(condition: Callable[[], object], timeout_s: float = 45.0) -> None:
    """Waits for a condition; fails with its source when it does not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen in {timeout_s} s: {condition}")
        await asyncio.sleep(0.005)


class Site:
    """A WhitelistSource whose changes are told to a listener at once."""

    def __init__(
        self, controllers: Sequence[str], lists: Mapping[str, Whitelist], calendar: Calendar | None = None
    ) -> None:
        self._lists = dict(lists)
        self._controllers = list(controllers)
        self._calendar = calendar or Calendar(version=1)
        self.version_of_config = 1
        self.listener: Any = None

    def lists(self) -> Mapping[str, Whitelist]:
        return self._lists

    def calendar(self) -> Calendar:
        return self._calendar

    def portals_of(self, controller: str) -> Sequence[Portal]:
        return [Portal(f"{controller}-in", "门", Direction.IN, tuple(self._lists), controller)]

    def controllers(self) -> Sequence[str]:
        return self._controllers

    def config_version(self) -> int:
        return self.version_of_config

    def change(self, list_: str, *, put: Sequence[Entry] = (), drop: Sequence[bytes] = ()) -> int:
        """One version more; returns it."""
        changes = Changes()
        for one in drop:
            changes.drop(one)
        for entry in put:
            changes.put(entry.key, entry.terms)
        whitelist = self._lists[list_]
        before = whitelist.version
        removed = {entry_key: terms for entry_key in drop if (terms := whitelist.get(entry_key)) is not None}
        whitelist.apply(changes)
        whitelist.version = before + 1
        if self.listener is not None:
            self.listener.lists_changed([ListBatch(list_, whitelist.epoch, before, before + 1, changes, removed)])
        return before + 1


class Sink:
    """A ControllerSink that remembers, and acknowledges contiguous events."""

    def __init__(self) -> None:
        self.kept: dict[str, list[ControllerEvent]] = {}
        self.alarms: list[tuple[str, Mapping[str, object]]] = []
        self.statuses: list[ControllerStatus] = []

    async def events(self, events: Sequence[ControllerEvent]) -> int | None:
        kept = self.kept.setdefault(events[0].controller, [])
        for event in events:
            if event.number == (kept[-1].number + 1 if kept else 1):
                kept.append(event)
        return kept[-1].number if kept else None

    def controller_status(self, status: ControllerStatus) -> None:
        self.statuses.append(status)

    def sync_alarm(self, kind: str, detail: Mapping[str, object]) -> None:
        self.alarms.append((kind, detail))

    def kinds(self) -> list[str]:
        return [kind for kind, _detail in self.alarms]


def make_gateway(site: Site, sink: Sink, broker: BrokerSettings, settings: PublisherSettings = QUICK) -> GatewaySync:
    """The gateway's side, not yet running."""
    counter = itertools.count()
    gateway = GatewaySync(
        site=SITE,
        broker=broker,
        source=site,
        sink=sink,
        signer=lambda: KEY,
        clock=SystemClock(),
        jitter=lambda: 0.0,
        new_id=lambda: f"command-{next(counter)}",
        software="test",
        settings=settings,
    )
    site.listener = gateway
    return gateway


class Gate:
    """A reference controller and what its outputs did."""

    def __init__(self, name: str, broker: BrokerSettings, directory: Path) -> None:
        self.opened: list[tuple[str, int]] = []
        given = provisioning(SITE, name, broker, [KEY.public], LIST_KEY)
        self.controller = Controller(
            given, directory / name, SystemClock(), lambda p, ms: self.opened.append((p, ms)), jitter=lambda: 0.0
        )
        self.portal = f"{name}-in"

    def version(self, list_: str) -> int | None:
        """The version in force."""
        held = self.controller.held().get(list_)
        return None if held is None else held.version

    def admits(self, number: int) -> bool:
        """Whether the n-th card may pass."""
        return self.controller.present(self.portal, card(number)).granted


@asynccontextmanager
async def running(*parts: Any) -> AsyncIterator[None]:
    """Runs everything that has ``run`` until the block ends; an error inside one of them fails the test."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
