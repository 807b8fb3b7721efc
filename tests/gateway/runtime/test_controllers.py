"""Events of controllers stand in the journal exactly once, in order; reports are kept and shown."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from gateway.domain.errors import StoreBusyError
from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.ports import ControllerEvent, ControllerStatus, HeldList
from gateway.runtime.alarms import Alarm, Alarms
from gateway.runtime.controllers import GAP_PATIENCE_S, Controllers
from gateway.runtime.hub import EventHub
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.gateway.runtime.fakes import until

KEY = bytes.fromhex("01aabbccddeeff00")


def _nobody(_portal: str, _key: bytes) -> None:
    """The desk knows nothing of this key."""


def _event(number: int, boot: str = "b1", *, kind: str = "granted", key: bytes | None = None) -> ControllerEvent:
    return ControllerEvent("gate-1", boot, number, 1_760_000_000, "b1-e1", kind, key, list="main" if key else None)


def _bodies(store: Store) -> list[tuple[str, dict[str, object]]]:
    with store.read() as conn:
        rows = conn.execute(select(tables.journal).order_by(tables.journal.c.seq)).all()
    return [(row.kind, json.loads(row.body)) for row in rows]


def _numbers(store: Store) -> list[int]:
    return [int(str(body["number"])) for kind, body in _bodies(store) if kind.startswith("access.")]


@pytest.fixture
def controllers(store: Store) -> Controllers:
    hub = EventHub()
    return Controllers(store, hub, Alarms(hub, lambda _alarm: None), _nobody)


async def test_in_order_and_once(store: Store, controllers: Controllers) -> None:
    """Repeats and disorder change nothing; what to acknowledge is the last contiguous number."""
    assert await controllers.events([_event(2), _event(1)]) == 2
    assert await controllers.events([_event(1), _event(2), _event(3)]) == 3
    assert await controllers.events([_event(1)]) == 3
    assert _numbers(store) == [1, 2, 3]


async def test_a_gap_is_asked_for_again(store: Store, controllers: Controllers) -> None:
    """By acknowledging what is there; when it comes, all is taken."""
    await controllers.events([_event(1)])
    assert await controllers.events([_event(3), _event(4)]) == 1
    assert await controllers.events([_event(2), _event(3), _event(4)]) == 4
    assert _numbers(store) == [1, 2, 3, 4]


async def test_what_was_on_its_way_is_no_loss(store: Store, controllers: Controllers) -> None:
    """A controller that did not hear of our restart goes on sending: nothing is taken before it repeats the rest."""
    await controllers.events([_event(1)])
    for number in (3, 4, 5):
        assert await controllers.events([_event(number)]) == 1
    assert await controllers.events([_event(number) for number in range(2, 6)]) == 5
    assert _numbers(store) == [1, 2, 3, 4, 5]


async def test_what_a_controller_lost_is_said_once(store: Store) -> None:
    """A gap that outlasts its repetitions: the rest is taken and the loss recorded."""
    hub, now = EventHub(), [1000.0]
    controllers = Controllers(store, hub, Alarms(hub, lambda _alarm: None), _nobody, monotonic=lambda: now[0])
    await controllers.events([_event(1)])
    assert await controllers.events([_event(5)]) == 1
    now[0] += GAP_PATIENCE_S
    assert await controllers.events([_event(5)]) == 5
    assert ("controller.events_lost", {"from": 2, "to": 4}) in _bodies(store)


async def test_a_memory_that_ran_over_says_so_itself(store: Store, controllers: Controllers) -> None:
    """Its overflow event stands for what is missing, and nobody waits."""
    await controllers.events([_event(1)])
    assert await controllers.events([replace(_event(4, kind="overflow"), detail="3-4")]) == 1
    assert await controllers.events([replace(_event(4, kind="overflow"), detail="2-4"), _event(5)]) == 5
    assert ("controller.events_lost", {"from": 2, "to": 3}) in _bodies(store)


async def test_numbers_go_on_over_a_reboot(store: Store, controllers: Controllers) -> None:
    """And begin anew when its store was emptied."""
    await controllers.events([_event(1), _event(2)])
    assert await controllers.events([_event(3, "b2")]) == 3
    assert await controllers.events([_event(1, "b3")]) == 1
    assert _numbers(store) == [1, 2, 3, 1]


async def test_names_the_credential(seeded: Store) -> None:
    """As at our own portals."""
    changes = Changes()
    changes.put(KEY, Terms(0, NO_END))
    with seeded.write(SYSTEM) as uow:
        uow.change_list("main", changes, {KEY: "card:417"})
    hub = EventHub()
    await Controllers(seeded, hub, Alarms(hub, lambda _alarm: None), _nobody).events([_event(1, key=KEY)])
    kind, body = _bodies(seeded)[0]
    assert (kind, body["credential"], body["key"]) == ("access.granted", "card:417", KEY.hex())


@given(batches=st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=6), max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_never_twice_never_out_of_order(sqlite_store: Store, batches: list[list[int]]) -> None:
    """Any doubling, loss and disorder of messages."""
    boot = f"b{len(_bodies(sqlite_store))}-{id(batches)}"
    hub = EventHub()
    controllers = Controllers(sqlite_store, hub, Alarms(hub, lambda _alarm: None), _nobody)
    before = len(_numbers(sqlite_store))
    for batch in batches:
        await controllers.events([_event(number, boot) for number in batch])
    new = _numbers(sqlite_store)[before:]
    assert new == sorted(set(new))


def _status(version: int = 1) -> ControllerStatus:
    held = {"main": HeldList(1, version, bytes(32), 5, 1_760_000_000)}
    return ControllerStatus("gate-1", True, "b1", 1_760_000_000, 1_760_000_001, "ref", held, 1, 1, 10_000, 1)


@pytest.fixture
async def keeping(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Controllers, EventHub]]:
    monkeypatch.setattr("gateway.runtime.controllers.KEEP_EVERY_S", 0.001)
    with sqlite_store.write(SYSTEM) as uow:
        uow.conn.execute(insert(tables.controllers).values(id="gate-1", name="1", created_at=uow.now))
    hub = EventHub()
    controllers = Controllers(sqlite_store, hub, Alarms(hub, lambda _alarm: None), _nobody)
    task = asyncio.create_task(controllers.run())
    yield controllers, hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_reports_are_shown_and_kept(sqlite_store: Store, keeping: tuple[Controllers, EventHub]) -> None:
    """At once for the pages, soon in the table; the last one counts."""
    controllers, hub = keeping
    with hub.subscribe() as news:
        controllers.controller_status(_status(1))
        controllers.controller_status(_status(2))
        assert (await anext(news)).data["controller"] == "gate-1"

    def kept() -> bool:
        with sqlite_store.read() as conn:
            row = conn.execute(select(tables.controllers)).one()
        return bool(row.report and row.report["lists"]["main"]["version"] == 2 and row.seen_at == 1_760_000_001)

    await until(kept)


def test_alarms_name_the_controller_or_the_list(sqlite_store: Store) -> None:
    """So that one list never hides another; or sync as a whole. A lost broker is alarmed as the device it is, once."""
    hub = EventHub()
    told = Alarms(hub, lambda _alarm: None)
    controllers = Controllers(sqlite_store, hub, told, _nobody)
    controllers.sync_alarm("digest_mismatch", {"controller": "gate-1"})
    controllers.sync_alarm("broker_offline", {"why": "gone"})
    controllers.sync_alarm("publish_refused", {"topic": "t"})
    controllers.sync_alarm("mass_removal_held", {"list": "b3", "removals": 30})
    controllers.sync_alarm("mass_removal_held", {"list": "compound", "removals": 200})
    waiting = [told._waiting.get_nowait() for _ in range(4)]
    assert waiting == [
        Alarm("digest_mismatch", "controller:gate-1", {"controller": "gate-1"}),
        Alarm("publish_refused", "sync", {"topic": "t"}),
        Alarm("mass_removal_held", "list:b3", {"list": "b3", "removals": 30}),
        Alarm("mass_removal_held", "list:compound", {"list": "compound", "removals": 200}),
    ]


async def test_a_lost_card_at_a_remote_gate_calls_a_person(sqlite_store: Store) -> None:
    """Once a presentation, told where; a card the desk does not look for is only refused."""
    hub = EventHub()
    told = Alarms(hub, lambda _alarm: None)
    controllers = Controllers(
        sqlite_store,
        hub,
        told,
        lambda portal, key: Alarm("card_reported", f"portal:{portal}", {"card": "0417"}) if key == KEY else None,
    )
    other = bytes.fromhex("01ffffffffffffff")
    events = [
        _event(1, kind="denied", key=KEY),
        _event(2, kind="denied", key=other),
        _event(3, kind="granted", key=KEY),
    ]
    await controllers.events(events)
    await controllers.events(events)
    assert told._waiting.qsize() == 1
    assert told._waiting.get_nowait() == Alarm("card_reported", "portal:b1-e1", {"card": "0417"})


async def test_an_alarm_that_cannot_be_looked_up_holds_up_no_event(sqlite_store: Store) -> None:
    """The store is busy for a moment: the events are taken, and what comes after still calls a person."""
    hub = EventHub()
    told = Alarms(hub, lambda _alarm: None)
    answers: list[Alarm | None] = [Alarm("card_reported", "portal:b1-e1", {"card": "0417"}), None]

    def look_up(_portal: str, _key: bytes) -> Alarm | None:
        answer = answers.pop()
        if answer is None:
            raise StoreBusyError("The store is in use.")
        return answer

    controllers = Controllers(sqlite_store, hub, told, look_up)
    events = [_event(1, kind="denied", key=KEY), _event(2, kind="denied", key=KEY)]
    assert await controllers.events(events) == 2
    assert told._waiting.qsize() == 1


async def test_reports_wait_for_a_busy_store(
    sqlite_store: Store, keeping: tuple[Controllers, EventHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails and is started again; the report is kept all the same."""
    controllers, _hub = keeping

    def busy(*_args: object) -> None:
        raise StoreBusyError("The store is in use.")

    monkeypatch.setattr(controllers, "_keep", busy)
    controllers.controller_status(_status(3))
    with pytest.raises(StoreBusyError):
        await asyncio.wait_for(controllers.run(), 5)
    monkeypatch.undo()
    again = asyncio.create_task(controllers.run())

    def kept() -> bool:
        with sqlite_store.read() as conn:
            return bool(conn.execute(select(tables.controllers)).one().report)

    await until(kept)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
