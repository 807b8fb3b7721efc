"""A card opens the barrier once its record is durable; nothing else does."""

import asyncio
import threading

import pytest

from gateway.domain.errors import StoreBusyError
from gateway.domain.identity import Identity
from gateway.domain.whitelist import LONGER_OPENING, NO_END, Terms
from gateway.ports import Signal
from tests.gateway.runtime.conftest import STRANGER, Rig
from tests.gateway.runtime.fakes import until


async def test_resident_opens_after_the_record_is_durable(rig: Rig) -> None:
    """At the moment the barrier is told to open, the grant stands in the store."""
    at_open: list[str] = []
    rig.barrier.at_open = lambda: at_open.extend(rig.store.kinds())
    rig.present()
    await until(lambda: bool(rig.reader.shown))
    assert at_open == ["access.granted"]
    assert rig.barrier.commands == ["open 1000"]
    assert rig.reader.shown == [("reader", Signal.GRANTED)]
    assert rig.store.kept[0].target == "portal:main-in"
    assert rig.store.kept[0].body["version"] == 3
    assert rig.decided.seen == [("main-in", True)]


async def test_longer_opening_doubles_the_pulse(rig: Rig) -> None:
    """A credential with the flag gets twice the time, in one pulse."""
    rig.lists.resident = Terms(0, NO_END, 0, LONGER_OPENING)
    rig.present()
    await until(lambda: bool(rig.barrier.commands))
    assert rig.barrier.commands == ["open 2000"]


async def test_stranger_is_refused(rig: Rig) -> None:
    """Recorded with its reason, a red lamp, and nothing moves."""
    rig.present(STRANGER)
    await until(lambda: bool(rig.store.kept))
    assert rig.store.kinds() == ["access.denied"]
    assert rig.store.kept[0].body["reason"] == "unknown_credential"
    assert rig.reader.shown == [("reader", Signal.DENIED)]
    assert rig.barrier.commands == []


async def test_stale_presentation_is_dropped(rig: Rig) -> None:
    """Two seconds late, nobody stands there any more: not recorded, only counted."""
    rig.present(age_s=2.5)
    await until(lambda: rig.admission.counts["stale"] == 1)
    assert rig.barrier.commands == []
    assert rig.store.kept == []


async def test_repeated_card_is_one_presentation(rig: Rig) -> None:
    """A card held at the reader opens once in two seconds, and again after them."""
    for _ in range(5):
        rig.present()
    await until(lambda: bool(rig.barrier.commands))
    rig.clock.step(1.9)
    rig.present()
    assert rig.admission.counts["repeated"] == 5
    rig.clock.step(0.2)
    rig.present()
    await until(lambda: len(rig.barrier.commands) == 2)
    assert rig.store.kinds() == ["access.granted", "access.granted"]


async def test_flood_is_bounded(rig: Rig) -> None:
    """A reader gone mad fills its lane and no more."""
    for number in range(1000):
        rig.present(Identity.uid(f"{number:08x}"))
    assert rig.admission.counts["crowded"] == 1000 - 16


async def test_dead_barrier_is_seen_and_not_green(rig: Rig) -> None:
    """The grant stands, the lamp says offline, the failure is recorded and alarmed."""
    rig.barrier.offline = True
    rig.present()
    await until(lambda: bool(rig.raised))
    assert rig.reader.shown == [("reader", Signal.OFFLINE)]
    assert rig.raised[0].kind == "open_failed"
    await until(lambda: rig.store.kinds() == ["access.granted", "portal.open_failed"])


async def test_reported_card_calls_a_person(rig: Rig) -> None:
    """A denied card that the desk knows as lost raises an alarm with what the desk knows."""
    rig.known[STRANGER.value.hex()] = {"card": "0417", "state": "lost"}
    rig.present(STRANGER)
    await until(lambda: bool(rig.raised))
    assert (rig.raised[0].kind, rig.raised[0].detail) == ("card_reported", {"card": "0417", "state": "lost"})
    assert rig.raised[0].source == "portal:main-in"


async def test_five_wrong_tries_raise_one_alarm(rig: Rig) -> None:
    """Somebody who tries card after card is seen at the fifth."""
    for number in range(7):
        rig.present(Identity.uid(f"{number:08x}"))
    await until(lambda: len(rig.store.kept) == 7)
    await until(lambda: bool(rig.raised))
    assert [alarm.kind for alarm in rig.raised] == ["wrong_tries"]


@pytest.mark.parametrize("reader", ["unwired"])
async def test_reader_without_portal_opens_nothing(rig: Rig, reader: str) -> None:
    """A reader at a desk only shows what it read."""
    with rig.hub.subscribe() as events:
        rig.admission.presented(reader, STRANGER, rig.clock.monotonic())
        event = await asyncio.wait_for(anext(events), 5)
    assert (event.kind, event.data["value"]) == ("presented", "04ffffff")
    assert rig.barrier.commands == []


async def test_scan_reaches_the_post(rig: Rig) -> None:
    """A slip's text goes to the pages of the post the scanner stands at; a late one goes nowhere."""
    with rig.hub.subscribe() as events:
        rig.admission.scanned("scanner", "late", rig.clock.monotonic() - 3)
        rig.admission.scanned("scanner", "RS1:ABC", rig.clock.monotonic())
        event = await asyncio.wait_for(anext(events), 5)
    assert event.data == {"scanner": "scanner", "post": "north", "text": "RS1:ABC"}


async def test_a_grant_that_took_too_long_moves_nothing(rig: Rig) -> None:
    """The record was slow and whoever held the card has gone: the grant stands, and that nothing opened stands too."""
    rig.store.gate = threading.Event()
    rig.present(age_s=1.9)
    await until(lambda: not rig.admission._lanes["main-in"].qsize())
    rig.clock.step(0.2)
    rig.store.gate.set()
    await until(lambda: rig.store.kinds() == ["access.granted", "portal.open_failed"])
    assert rig.barrier.commands == []
    assert rig.reader.shown == [("reader", Signal.OFFLINE)]
    assert [alarm.kind for alarm in rig.raised] == ["open_failed"]


async def test_wrong_tries_are_counted_while_the_store_is_away(rig: Rig) -> None:
    """The desk cannot be asked about a card: the refusal is recorded, and somebody who tries is noticed."""

    def away(*_args: object) -> None:
        raise StoreBusyError("The database cannot be reached.")

    rig.admission._look_up = away
    for number in range(5):
        rig.present(Identity.uid(f"{number:08x}"))
    await until(lambda: [alarm.kind for alarm in rig.raised] == ["wrong_tries"])
    assert rig.store.kinds() == ["access.denied"] * 5
