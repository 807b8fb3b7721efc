"""A gateway's runtime on fakes: one portal ``main-in`` with reader, barrier and one list."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.domain.decision import Decision, Direction
from gateway.domain.identity import Identity, KeyMaker
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import NO_END, Entry, Terms, Whitelist
from gateway.runtime.admission import Admission, Presentation
from gateway.runtime.alarms import Alarm, Alarms
from gateway.runtime.devices import Devices
from gateway.runtime.hub import EventHub
from gateway.runtime.journal_writer import JournalWriter, RecordStore
from gateway.runtime.portals import Portals, Wiring
from gateway.runtime.records import RecordMaker
from gateway.runtime.spill import Spill
from tests.gateway.runtime.fakes import FakeBarrier, FakeClock, FakeReader, MemoryJournal

KEYS = KeyMaker(bytes(32))
RESIDENT = Identity.uid("04a1b2c3")
STRANGER = Identity.uid("04ffffff")


@dataclass
class MemoryLists:
    """The lists and portals a decision needs."""

    resident: Terms = field(default_factory=lambda: Terms(0, NO_END))
    portals: dict[str, Portal] = field(
        default_factory=lambda: {"main-in": Portal("main-in", "Main", Direction.IN, ("main",), held_open_s=30)}
    )

    def lists(self) -> Mapping[str, Whitelist]:
        return {"main": Whitelist([Entry(KEYS(RESIDENT), self.resident)], version=3)}

    def calendar(self) -> Calendar:
        return Calendar()

    def portal(self, portal: str) -> Portal | None:
        return self.portals.get(portal)


@dataclass
class Decided:
    """A DecisionObserver that remembers."""

    seen: list[tuple[str, bool]] = field(default_factory=list)

    def decided(self, portal: str, _identity: Identity, decision: Decision) -> None:
        self.seen.append((portal, decision.granted))


@dataclass
class Rig:
    """Everything, and what it did."""

    clock: FakeClock
    hub: EventHub
    kept: RecordStore
    spill: Path
    journal: JournalWriter
    alarms: Alarms
    raised: list[Alarm]
    devices: Devices
    lists: MemoryLists
    portals: Portals
    admission: Admission
    barrier: FakeBarrier
    reader: FakeReader
    decided: Decided
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    known: dict[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def store(self) -> MemoryJournal:
        """The journal in memory."""
        assert isinstance(self.kept, MemoryJournal)
        return self.kept

    def start(self) -> None:
        """Runs the lane, the journal and the alarms."""
        loop = asyncio.get_running_loop()
        self.tasks += [
            loop.create_task(self.journal.run()),
            loop.create_task(self.alarms.run()),
            loop.create_task(self.admission.serve("main-in")),
        ]

    def present(self, identity: Identity = RESIDENT, *, age_s: float = 0.0) -> None:
        """A card at the reader, ``age_s`` ago."""
        self.admission.presented("reader", identity, self.clock.monotonic() - age_s)

    async def stop(self) -> None:
        """Ends in order."""
        await self.journal.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def build(path: Path, store: RecordStore, boot: str = "boot") -> Rig:
    """A rig over this journal."""
    clock, hub, raised = FakeClock(), EventHub(), list[Alarm]()
    known: dict[str, Mapping[str, object]] = {}
    journal = JournalWriter(store, Spill(path, 64 * 1024), RecordMaker(boot, clock.wall))
    alarms = Alarms(hub, raised.append)
    devices = Devices(clock, hub, journal, alarms)
    lists, barrier, reader = MemoryLists(), FakeBarrier(), FakeReader()
    wiring = {"main-in": Wiring(("reader",), "barrier")}
    portals = Portals(wiring, lists.portal, clock=clock, hub=hub, journal=journal, alarms=alarms, devices=devices)
    portals.attach(barrier)

    decided = Decided()

    def look_up(portal: str, presentation: Presentation) -> Alarm | None:
        note = known.get(presentation.identity.value.hex())
        return None if note is None else Alarm("card_reported", f"portal:{portal}", note)

    admission = Admission(
        key_of=KEYS,
        lists=lists,
        portals=portals,
        journal=journal,
        hub=hub,
        alarms=alarms,
        devices=devices,
        clock=clock,
        posts={"scanner": "north"},
        look_up=look_up,
        observer=decided,
    )
    admission.attach("reader", reader)
    return Rig(
        clock,
        hub,
        store,
        path,
        journal,
        alarms,
        raised,
        devices,
        lists,
        portals,
        admission,
        barrier,
        reader,
        decided,
        known=known,
    )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Stopped at the end."""
    built = build(tmp_path / "spill", MemoryJournal())
    built.start()
    yield built
    await built.stop()
