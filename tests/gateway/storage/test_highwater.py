"""A store that went back in time is recognised by the mark outside it."""

from pathlib import Path

import pytest

from gateway.domain.errors import MalformedError
from gateway.storage.highwater import HighWater


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


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lists": {"main": 3}}', '{"lists": {"main": ["x", 1]}}'])
def test_an_unreadable_mark_stops_the_start(tmp_path: Path, text: str) -> None:
    """It is not taken for "no mark"."""
    path = tmp_path / "mark"
    path.write_text(text)
    with pytest.raises(MalformedError, match="cannot be read"):
        HighWater(path)
