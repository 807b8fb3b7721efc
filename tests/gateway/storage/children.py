"""Forked processes for tests: quick to start, and free to be killed."""

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from gateway.storage import crash

Work = Callable[[Callable[[str], None]], None]
"""Work in a child: it is handed a function that tells the parent what it has acknowledged."""


@dataclass(frozen=True)
class Child:
    """A process under way."""

    pid: int
    pipe: int

    def wait(self) -> tuple[int, list[str]]:
        """Its wait status (0, or the signal that killed it) and the words it acknowledged."""
        with os.fdopen(self.pipe) as pipe:
            acknowledged = pipe.read().split()
        return os.waitpid(self.pid, 0)[1], acknowledged


def start_child(work: Work, dies_at: tuple[str, int] = ("", 0)) -> Child:
    """Forks; the child dies at the n-th passage of a crash point when one is named. Share no open store with it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return Child(child, reading)
    status = 1
    try:
        crash._target, crash._left = dies_at
        work(lambda said: _say(writing, said))
        status = 0
    except BaseException:  # noqa: BLE001 - a forked test must not return into pytest
        traceback.print_exc()
    finally:
        os._exit(status)


def _say(pipe: int, said: str) -> None:
    os.write(pipe, f"{said}\n".encode())


def in_child(work: Work, dies_at: tuple[str, int] = ("", 0)) -> tuple[int, list[str]]:
    """As ``start_child``, to its end."""
    return start_child(work, dies_at).wait()
