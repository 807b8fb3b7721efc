"""Places where a test may kill the process, between two durable steps.

``GATEHOUSE_CRASH=name:n`` makes the process kill itself at the n-th passage of that place. Without
it, a crash point costs one comparison.
"""

import os
import signal
from typing import Final

NAMES: Final[set[str]] = set()
"""Every crash point of the modules imported so far; the crash tests walk all of them."""


def register(*names: str) -> None:
    """Announces the crash points of a module, when it is imported."""
    NAMES.update(names)


def _wanted(text: str) -> tuple[str, int]:
    name, _, passage = text.rpartition(":")
    return (name, int(passage)) if name else ("", 0)


_target, _left = _wanted(os.environ.get("GATEHOUSE_CRASH", ""))


def crashpoint(name: str) -> None:
    """Dies here by SIGKILL when this is the passage the environment asks for."""
    if not _target or name != _target:
        return
    global _left  # noqa: PLW0603 - the process counts its own passages
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
