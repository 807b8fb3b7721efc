"""The demo's parent keeps its processes alive, gives up clearly, and leaves none behind."""

import asyncio
import io
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from gateway.daemon.demo import DEATHS_A_MINUTE, Child, Demo
from gateway.daemon.demo_state import DemoError, State

STATE = State(1, 2, 3, 4, 5, "00" * 16)


def _child(tmp_path: Path, *arguments: str) -> Child:
    return Child("part", list(arguments), tmp_path / "part.log")


def test_a_child_ends_when_told(tmp_path: Path) -> None:
    """By its own pid, and is waited for."""
    child = _child(tmp_path, "http.server", "0", "--bind", "127.0.0.1")
    child.start()
    pid = child.pid
    child.end(5)
    assert child.died()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """After its time is over."""
    (tmp_path / "deaf.py").write_text(
        "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nsignal.pause()\n"
    )
    child = Child("deaf", ["runpy_deaf"], tmp_path / "deaf.log")
    child.arguments = ["pdb", "-c", "c", str(tmp_path / "deaf.py")]
    child.start()
    while not child.died() and "deaf" not in child.last_words():
        os.sched_yield()
    child.end(0.2)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def test_too_many_deaths_a_minute(tmp_path: Path) -> None:
    """Now and then is bad luck; again and again is a fault."""
    child = _child(tmp_path)
    assert [child.dies_too_often(now) for now in (0, 50, 100, 150)] == [False] * 4
    assert [child.dies_too_often(200 + n) for n in range(DEATHS_A_MINUTE)][-1] is True


async def test_gives_up_with_the_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that cannot run ends the demo, and the sentence carries what it said."""
    (tmp_path / "log").mkdir()
    shown = io.StringIO()
    parent = Demo(tmp_path, STATE, Console(file=shown))
    broken = Child("gateway", ["no_such_module_here"], tmp_path / "log" / "gateway.log")
    sound = Child("broker", ["http.server", "0", "--bind", "127.0.0.1"], tmp_path / "log" / "broker.log")
    monkeypatch.setattr(parent, "_children", {"broker": sound, "gateway": broken})
    with pytest.raises(DemoError, match="no_such_module_here"):
        await asyncio.wait_for(parent.run(), 30)
    assert "starting it again" in shown.getvalue()
    assert sound.died()
    assert broken.died()


async def test_the_end_before_it_was_ready_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at any moment."""
    (tmp_path / "log").mkdir()
    parent = Demo(tmp_path, STATE, Console(file=io.StringIO()))
    sound = Child("broker", ["http.server", "0", "--bind", "127.0.0.1"], tmp_path / "log" / "broker.log")
    monkeypatch.setattr(parent, "_children", {"broker": sound})
    running = asyncio.create_task(parent.run())
    while not sound.pid:  # noqa: ASYNC110 - nobody signals a started process
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(running, 20)
    assert sound.died()
