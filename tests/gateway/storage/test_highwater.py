"""A store that went back in time is recognised by the mark outside it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain.errors import MalformedError
from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.storage import lists
from gateway.storage.highwater import HighWater, Standing
from gateway.storage.store import SYSTEM, Store
from tests.stores import seed_area


def test_a_first_start_has_no_mark(tmp_path: Path) -> None:
    """Nothing is behind nothing."""
    assert HighWater(tmp_path / "mark").behind({"main": (1, 5)}) == {}


def test_a_restored_store_is_behind(tmp_path: Path) -> None:
    """By version or by epoch, or because it does not have the list at all."""
    HighWater(tmp_path / "mark").advance({"main": (2, 9), "garage": (2, 4)})
    mark = HighWater(tmp_path / "mark")
    assert mark.behind({"main": (2, 9), "garage": (2, 5)}) == {}
    assert mark.behind({"main": (2, 8), "garage": (2, 4)}) == {"main": (2, 9)}
    assert mark.behind({"main": (1, 99)}) == {"main": (2, 9), "garage": (2, 4)}
    assert mark.behind({"main": (3, 1), "garage": (3, 1)}) == {}


def test_the_mark_never_sinks(tmp_path: Path) -> None:
    """And writes only when it rises."""
    path = tmp_path / "mark"
    mark = HighWater(path)
    mark.advance({"main": (1, 5)})
    before = path.stat().st_ino
    mark.advance({"main": (1, 4)})
    mark.advance({"main": (1, 5)})
    assert path.stat().st_ino == before
    mark.advance({"garage": (1, 1)})
    assert path.stat().st_ino != before
    assert HighWater(path).marks == {"main": (1, 5), "garage": (1, 1)}


def _standing(store: Store) -> dict[str, Standing]:
    with store.read() as conn:
        return {name: (held.epoch, held.version) for name, held in lists.load(conn).items()}


def test_a_restore_drill(sqlite_store: Store, tmp_path: Path) -> None:
    """A backup of yesterday may not publish until its lists begin a new epoch, above all that was ever published."""
    mark = HighWater(tmp_path / "mark")
    backup = tmp_path / "backup.db"
    with sqlite_store.write(SYSTEM) as uow:
        seed_area(uow)
    with closing(sqlite3.connect(sqlite_store.engines.path or "")) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    changes = Changes()
    changes.put(b"\x01" * 8, Terms(0, NO_END))
    with sqlite_store.write(SYSTEM) as uow:
        uow.raise_epochs()
        uow.change_list("main", changes, dict.fromkeys(changes.puts, "card:1"))
    mark.advance(_standing(sqlite_store))

    restored = Store(f"sqlite:///{backup}")
    restored.migrate()
    assert mark.behind(_standing(restored)) == {"main": (2, 2)}
    with restored.write(SYSTEM) as uow:
        assert uow.raise_epochs(above=max(epoch for epoch, _version in mark.marks.values())) == 3
    assert mark.behind(_standing(restored)) == {}
    restored.close()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lists": {"main": 3}}', '{"lists": {"main": ["x", 1]}}'])
def test_an_unreadable_mark_stops_the_start(tmp_path: Path, text: str) -> None:
    """It is not taken for "no mark"."""
    path = tmp_path / "mark"
    path.write_text(text)
    with pytest.raises(MalformedError, match="cannot be read"):
        HighWater(path)
