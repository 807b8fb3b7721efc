"""A lock that is handed over in the order it was asked for.

SQLite's own busy handler sleeps and tries again, so that one busy writer can starve the others; a
bare ``threading.Lock`` does so too.
"""

import threading
from collections import deque
from typing import Final


class FairLock:
    """First come, first served. Not re-entrant: a second acquire on the owning thread is an error."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, int]] = deque()
        self._owner: int | None = None

    def acquire(self, timeout_s: float) -> bool:
        """Whether the lock became ours within ``timeout_s`` seconds."""
        me = threading.get_ident()
        with self._mutex:
            if self._owner is None:
                self._owner = me
                return True
            if self._owner == me:
                raise RuntimeError("this thread already has a write transaction open")
            gate = threading.Lock()
            gate.acquire()
            ticket = (gate, me)
            self._waiting.append(ticket)
        return gate.acquire(timeout=timeout_s) or not self._withdraw(ticket)

    def _withdraw(self, ticket: tuple[threading.Lock, int]) -> bool:
        """Leaves the queue; False when the lock was handed to us in that very moment."""
        with self._mutex:
            if ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            return True

    def release(self) -> None:
        """Hands the lock to who has waited longest."""
        with self._mutex:
            if not self._waiting:
                self._owner = None
                return
            gate, self._owner = self._waiting.popleft()
            gate.release()


_registry: Final[dict[str, FairLock]] = {}
_registry_mutex: Final = threading.Lock()


def lock_of(path: str) -> FairLock:
    """The one lock of this process for the database file at ``path`` (absolute)."""
    with _registry_mutex:
        return _registry.setdefault(path, FairLock())
