"""The demo keeps ports and site over restarts, and removes only what it made."""

import json
import socket
from pathlib import Path

import pytest

from gateway.daemon import demo_state
from gateway.daemon.config import load
from gateway.daemon.demo_state import DemoError, State
from tests.brokers import free_port


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """A first start, without its processes."""
    data = tmp_path_factory.mktemp("demo") / "state"
    return data, demo_state.prepare(data, free_port())


def test_everything_survives(prepared: tuple[Path, State]) -> None:
    """The second start is the first one's."""
    data, state = prepared
    assert demo_state.prepare(data, None) == state
    assert state.token.startswith("gh_")


def test_the_configuration_can_be_loaded(prepared: tuple[Path, State]) -> None:
    """By the gateway's own rules, and is private."""
    data, state = prepared
    config = load(data / "gatehouse.toml")
    assert config.http.port == state.http
    assert config.placed("portal") == {"main-in-reader": "main-in", "main-in-barrier": "main-in"}
    assert (config.placed("post"), config.placed("desk")) == ({"north-scanner": "north"}, {"front-encoder": "front"})


def test_files_for_others(prepared: tuple[Path, State]) -> None:
    """What the simulators and the people read agrees with the state."""
    data, state = prepared
    demo_state.write_compound(data, state, traffic=False)
    demo_state.write_demo(data, state, {"gateway": 1, "broker": 2, "simulators": 3}, ["b", "a"])
    compound, demo = [json.loads((data / name).read_text()) for name in ("compound.json", "demo.json")]
    assert compound["traffic"] is False
    assert all(Path(box["provisioning"]).exists() for box in compound["controllers"])
    assert set(demo) == {"url", "bench_url", "token", "mqtt", "site", "lists", "pids"}
    assert (demo["url"], demo["lists"], demo["mqtt"]["port"]) == (state.url, ["a", "b"], state.mqtt)
    assert all((data / name).stat().st_mode & 0o077 == 0 for name in ("compound.json", "demo.json", "demo-state.json"))


def test_a_port_taken_later_is_said(prepared: tuple[Path, State]) -> None:
    """By number and purpose."""
    data, state = prepared
    with socket.create_server(("127.0.0.1", state.bench)), pytest.raises(DemoError, match=f"{state.bench}.*bench"):
        demo_state.prepare(data, None)


def test_a_port_taken_at_first_is_said(tmp_path: Path) -> None:
    """When it was asked for by number; nothing is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(DemoError, match="taken"):
        demo_state.prepare(tmp_path / "new", taken.getsockname()[1])
    assert not (tmp_path / "new").exists()


def test_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    """Neither used nor emptied."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DemoError, match="not made by the demo"), demo_state.claimed(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_one_demo_a_directory(tmp_path: Path) -> None:
    """The second is refused before it touches anything; the next one may."""
    first, second = demo_state.claimed(tmp_path / "new"), demo_state.claimed(tmp_path / "new")
    with first, pytest.raises(DemoError, match="already runs"), second:
        pass
    with demo_state.claimed(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_fresh_removes_only_what_the_demo_made(tmp_path: Path) -> None:
    """A file somebody put beside it stays."""
    for name in demo_state.MADE:
        (tmp_path / name).touch()
    (tmp_path / "notes.txt").write_text("mine")
    demo_state.remove_made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_a_directory(tmp_path: Path) -> None:
    """A file, or where the kernel makes none."""
    (tmp_path / "file").write_text("x")
    for data in (tmp_path / "file", Path("/proc/gatehouse-demo")):
        with pytest.raises(demo_state.DemoError, match="cannot hold the demo"), demo_state.claimed(data):
            pass
