"""Records are durable in groups; a stalled store neither loses one nor locks residents out."""

import asyncio
import threading
from pathlib import Path

import pytest

from gateway.domain.errors import StoreFullError
from gateway.runtime.journal_writer import Durability, JournalWriter
from gateway.runtime.records import Record, RecordMaker
from gateway.runtime.spill import Spill
from tests.gateway.runtime.conftest import Rig, build
from tests.gateway.runtime.fakes import MemoryJournal, until


async def test_records_that_wait_together_are_one_commit(rig: Rig) -> None:
    """While one commit runs, the next group forms."""
    rig.store.gate = threading.Event()
    first = rig.journal.submit(rig.journal.make("first", "t", {}))
    await until(rig.journal._queue.empty)
    rest = [rig.journal.submit(rig.journal.make("rest", "t", {})) for _ in range(99)]
    rig.store.gate.set()
    numbers = await asyncio.wait_for(asyncio.gather(first, *rest), 5)
    assert numbers == list(range(1, 101))
    assert rig.store.groups == [1, 99]


async def test_stalled_store_spills_and_the_gate_opens(rig: Rig) -> None:
    """The record is in the emergency file before the barrier moves, and reaches the store once it is back."""
    spilled: list[int] = []
    rig.store.gate = threading.Event()
    rig.barrier.at_open = lambda: spilled.append(len(Spill(rig.spill, 64 * 1024)))
    rig.present()
    await until(lambda: bool(rig.barrier.commands))
    assert spilled == [1]
    assert rig.store.kept == []
    rig.store.gate.set()
    await until(lambda: rig.store.kinds() == ["access.granted"])
    await until(lambda: len(Spill(rig.spill, 64 * 1024)) == 0)


async def test_nowhere_durable_still_lets_residents_in(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store and emergency file both gone: the passage is alarmed and opens."""
    troubles: list[str] = []
    rig.journal.trouble = lambda kind, _detail: troubles.append(kind)
    rig.store.broken = True

    def full(*_args: object) -> None:
        raise StoreFullError("full")

    monkeypatch.setattr(Spill, "add", full)
    rig.present()
    await until(lambda: bool(rig.barrier.commands))
    assert "record_lost" in troubles
    rig.store.broken = False
    await until(lambda: rig.store.kinds() == ["access.granted"])


async def test_remote_opening_that_cannot_be_recorded_is_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at the desk can wait until somebody freed the disk."""
    rig.store.broken = True

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spill, "add", full)
    with pytest.raises(StoreFullError):
        await rig.portals.open("main-in", by="user:1", reason="visitor")
    assert rig.barrier.commands == []
    rig.store.broken = False


async def test_what_waits_at_the_end_is_spilled_and_replayed(tmp_path: Path) -> None:
    """Stopping while the store is busy keeps every record; the next start brings them home, once."""
    rig = build(tmp_path / "spill", MemoryJournal(broken=True))
    rig.start()
    rig.journal.note("a", "t", {})
    rig.journal.note("b", "t", {})
    await rig.stop()
    store = MemoryJournal()
    assert JournalWriter(store, Spill(tmp_path / "spill", 64 * 1024), RecordMaker("next", float)).replay() == 2
    assert store.kinds() == ["a", "b"]
    assert JournalWriter(store, Spill(tmp_path / "spill", 64 * 1024), RecordMaker("third", float)).replay() == 0


async def test_a_record_just_before_the_end_is_written(tmp_path: Path) -> None:
    """The call to stop is not lost behind the last record, and the last record not behind the call."""
    for number in range(30):
        rig = build(tmp_path / f"spill-{number}", MemoryJournal())
        rig.start()
        await asyncio.sleep(0)
        rig.journal.note("last", "t", {})
        await asyncio.wait_for(rig.stop(), 5)
        left = [record.kind for _after, record in Spill(tmp_path / f"spill-{number}", 64 * 1024).left_over]
        assert rig.store.kinds() + left == ["last"]


async def test_replay_skips_what_the_store_already_has(tmp_path: Path) -> None:
    """A crash after the commit and before the file was emptied writes nothing twice."""
    spill = Spill(tmp_path / "spill", 64 * 1024)
    make = RecordMaker("boot", lambda: 1.0)
    one, two = make("one", "t", {}), make("two", "t", {})
    spill.add(one, 0)
    spill.add(two, 0)
    store = MemoryJournal(kept=[one])
    assert JournalWriter(store, Spill(tmp_path / "spill", 64 * 1024), make).replay() == 1
    assert store.kept == [one, two]


async def test_a_stall_is_told_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is tried, and again at the next one."""
    monkeypatch.setattr("gateway.runtime.journal_writer.RETRY_S", 0.001)
    troubles: list[str] = []
    rig.journal.trouble = lambda kind, _detail: troubles.append(kind)
    for _ in range(2):
        rig.store.broken = True
        assert await rig.journal.durable(rig.journal.make("a", "t", {})) is Durability.SPILLED
        assert await rig.journal.durable(rig.journal.make("b", "t", {})) is Durability.SPILLED
        rig.store.broken = False
        assert await rig.journal.durable(rig.journal.make("c", "t", {})) is Durability.STORED
    assert troubles == ["journal_stalled", "journal_slow"] * 2
    assert rig.store.kinds() == ["a", "b", "c"] * 2


async def test_endless_stall_is_bounded_and_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit records are counted, and the count is recorded when the store is back."""
    monkeypatch.setattr("gateway.runtime.journal_writer.MOST_WAITING", 3)
    rig.store.gate = threading.Event()
    for _ in range(5):
        rig.journal.note("noise", "t", {})
    rig.store.gate.set()
    await until(lambda: len(rig.store.kept) == 4)
    assert rig.store.kinds()[-1] == "journal.overflow"
    assert rig.store.kept[-1].body == {"lost": 2}


async def test_durable_says_where(rig: Rig) -> None:
    """In the usual case: in the store."""
    assert await rig.journal.durable(rig.journal.make("k", "t", {})) is Durability.STORED


async def test_an_emergency_file_that_cannot_be_emptied_doubles_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is in the store by then: the disk's error is told, and the record not written again."""
    troubles: list[str] = []
    rig.journal.trouble = lambda kind, _detail: troubles.append(kind)

    def broken(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Spill, "settle", broken)
    assert await rig.journal.durable(rig.journal.make("a", "t", {})) is Durability.STORED
    assert await rig.journal.durable(rig.journal.make("b", "t", {})) is Durability.STORED
    assert rig.store.kinds() == ["a", "b"]
    assert "spill_failed" in troubles


async def test_a_record_spilled_after_it_was_stored_leaves_the_file(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk writes the emergency file last of all: the file is emptied all the same, and does not fill up."""
    add, slow = Spill.add, threading.Event()

    def late(spill: Spill, record: Record, after_seq: int) -> None:
        slow.wait(10)
        add(spill, record, after_seq)

    monkeypatch.setattr(Spill, "add", late)
    rig.store.gate = threading.Event()
    assert await rig.journal.durable(rig.journal.make("a", "t", {})) is Durability.NOWHERE
    rig.store.gate.set()
    await until(lambda: rig.store.kinds() == ["a"])
    slow.set()
    await until(lambda: len(rig.journal._spill) == 0 and rig.journal._spill._end == 0)
    rig.journal._spilling.submit(len, ()).result(5)
    assert len(rig.journal._spill) == 0


async def test_what_does_not_fit_at_the_end_does_not_hold_it_up(tmp_path: Path) -> None:
    """A dead store and a full emergency file: what fits is kept, and the gateway ends."""
    rig = build(tmp_path / "spill", MemoryJournal(broken=True))
    rig.start()
    for _ in range(2000):
        rig.journal.note("a", "t", {})
    await asyncio.wait_for(rig.stop(), 10)
    kept = len(Spill(tmp_path / "spill", 64 * 1024).left_over)
    assert 0 < kept < 2000
