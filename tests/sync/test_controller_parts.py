"""A controller's events, files and commands survive what they must."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.whitelist import Changes, Whitelist
from sync.controller_commands import CommandGate
from sync.controller_events import EventBuffer
from sync.controller_store import ControllerStore
from sync.protocol.controllers import Command, CommandKind, Event, ReplyResult
from tests.sync.world import FOREVER, entries, key


def event(at: int) -> Event:
    return Event(at, "east", "granted")


def keep(buffer: EventBuffer, count: int) -> None:
    for at in range(count):
        buffer.add(event(at))
    unwritten = buffer.take_unwritten()
    buffer.write(unwritten)
    buffer.written(unwritten)


def test_events_wait_for_the_disk(tmp_path: Path) -> None:
    """An event is sent only once it is durable, and its number survives a restart."""
    buffer = EventBuffer(tmp_path / "log", "boot-1")
    buffer.add(event(1))
    assert buffer.batch(0) is None
    keep(buffer, 2)
    batch = buffer.batch(0)
    assert batch is not None
    assert (batch.first, len(batch.events)) == (1, 3)
    again = EventBuffer(tmp_path / "log", "boot-2")
    assert again.next_number == 4
    keep(again, 1)
    first, second = again.batch(0), again.batch(3)
    assert first is not None
    assert second is not None
    assert (first.boot, len(first.events), second.boot, second.first) == ("boot-1", 3, "boot-2", 4)


def test_acknowledged_events_go_and_numbers_stay(tmp_path: Path) -> None:
    """After everything was acknowledged a restart still goes on with the next number."""
    buffer = EventBuffer(tmp_path / "log", "boot-1")
    keep(buffer, 5)
    buffer.acknowledge(5)
    buffer.rewrite()
    assert len(buffer) == 0
    assert EventBuffer(tmp_path / "log", "boot-2").next_number == 6


@settings(deadline=None)
@given(st.integers(0, 400))
def test_a_torn_file(cut: int) -> None:
    """Whatever a power cut leaves of the file, the buffer starts, with a run of events from the first."""
    import tempfile  # noqa: PLC0415  # hypothesis wants a directory an example, not a fixture

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        keep(EventBuffer(path, "boot-1"), 5)
        data = path.read_bytes()
        path.write_bytes(data[: min(cut, len(data))])
        buffer = EventBuffer(path, "boot-2")
        batch = buffer.batch(0)
        assert [e.at for e in batch.events] == list(range(len(buffer))) if batch else len(buffer) == 0


def test_overflow_is_one_event(tmp_path: Path) -> None:
    """The oldest make room and one event says which numbers were lost; also after a restart."""
    buffer = EventBuffer(tmp_path / "log", "boot-1", capacity=10)
    keep(buffer, 25)
    for seen in (buffer, EventBuffer(tmp_path / "log", "boot-1", capacity=10)):
        assert len(seen) == 10
        batch = seen.batch(0)
        assert batch is not None
        assert (batch.events[0].kind, batch.events[0].detail, batch.first) == ("overflow", "1-16", 16)
        assert len(batch.events) == 10


def test_a_list_and_its_journal(tmp_path: Path) -> None:
    """Changes are kept beside the whole list and come back with it."""
    store = ControllerStore(tmp_path)
    held = Whitelist(entries(100), version=1)
    store.save_list("residents", held, None)
    changes = Changes({key(500): FOREVER}, {key(3)})
    held.apply(changes)
    held.version = 2
    store.save_list("residents", held, changes)
    store.save_fresh("residents", 1234)
    size = (tmp_path / "residents.base").stat().st_size
    back = ControllerStore(tmp_path).load_list("residents")
    assert back is not None
    assert (back.root(), back.version, back.fresh_until, size > 1800) == (held.root(), 2, 1234, True)


def test_damaged_files_are_as_good_as_none(tmp_path: Path) -> None:
    """A list whose root does not fit is not put in force."""
    store = ControllerStore(tmp_path)
    store.save_list("residents", Whitelist(entries(3), version=1), None)
    path = tmp_path / "residents.base"
    data = bytearray(path.read_bytes())
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        back = store.load_list("residents")
        assert back is None or back.root() == Whitelist(entries(3)).root()


def command(counter: int = 1, at: int = 100, boot: str = "b", portal: str = "east") -> Command:
    return Command("id", CommandKind.OPEN, portal, boot, counter, at, at + 10, "desk")


@pytest.mark.parametrize(
    ("given_command", "now", "result"),
    [
        (command(), 105, ReplyResult.DONE),
        (command(), 110, ReplyResult.EXPIRED),
        (command(), 89, ReplyResult.EXPIRED),
        (command(boot="other"), 105, ReplyResult.REFUSED),
        (command(portal="west"), 105, ReplyResult.REFUSED),
        (command(counter=0), 105, ReplyResult.REPEATED),
    ],
)
def test_commands_once_and_in_time(given_command: Command, now: int, result: ReplyResult) -> None:
    """Only in this boot, within ten seconds, with a counter that rises."""
    gate = CommandGate("b")
    assert gate.judge(given_command, {"east"}, now)[0] is result
    if result is ReplyResult.DONE:
        assert gate.judge(given_command, {"east"}, now)[0] is ReplyResult.REPEATED
