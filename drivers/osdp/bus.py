"""One thread serves every OSDP line of the process."""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from drivers.osdp.panel import Panel

_LONGEST_WAIT_S = 0.05


class BusThread:
    """Waits on all links at once and steps a panel when its line is readable or its poll is due.

    The thread lives while there are lines. Should it die of an error, every line's future ends with
    it, the supervisor starts the lines again and the first of them starts a new thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._panels: dict[Panel, Future[None]] = {}
        self._calls: deque[Callable[[], object]] = deque()
        self._ring: socket.socket | None = None

    def attach(self, panel: Panel) -> "Future[None]":
        """Serves the panel until it is detached. The future ends when the thread has let go of it."""
        done: Future[None] = Future()
        with self._lock:
            self._panels[panel] = done
            if self._thread is None:
                self._start()
        self._wake()
        return done

    def _start(self) -> None:
        bell, self._ring = socket.socketpair()
        bell.setblocking(False)
        self._ring.setblocking(False)
        self._thread = threading.Thread(target=self._serve, args=(bell, self._ring), name="osdp", daemon=True)
        self._thread.start()

    def detach(self, panel: Panel) -> None:
        """Closes the panel's link soon; its future tells when."""
        self.call(lambda: self._let_go(panel))

    def call(self, function: Callable[[], object]) -> None:
        """Runs a function in the thread, between two steps."""
        self._calls.append(function)
        self._wake()

    def _wake(self) -> None:
        with self._lock, suppress(BlockingIOError):  # full: it is ringing already
            if self._ring is not None:
                self._ring.send(b"!")

    def _let_go(self, panel: Panel) -> None:
        with self._lock:
            done = self._panels.pop(panel, None)
        if done is not None:
            panel.close()
            done.set_result(None)

    def _serve(self, bell: socket.socket, ring: socket.socket) -> None:
        try:
            with bell, selectors.DefaultSelector() as selector:
                selector.register(bell, selectors.EVENT_READ)
                while self._go_on(ring):
                    self._round(selector, bell)
        finally:
            for panel in self._orphans(ring):
                self._let_go(panel)

    def _go_on(self, ring: socket.socket) -> bool:
        with self._lock:
            if not self._panels:
                self._end(ring)
            return bool(self._panels)

    def _orphans(self, ring: socket.socket) -> list[Panel]:
        """After an error, the panels this thread still had; none when it ended in order."""
        with self._lock:
            orphans = list(self._panels) if self._ring is ring else []
            self._end(ring)
        return orphans

    def _end(self, ring: socket.socket) -> None:
        """The next line starts a thread of its own; perhaps it did already."""
        if self._ring is ring:
            ring.close()
            self._ring = self._thread = None

    def _round(self, selector: selectors.BaseSelector, bell: socket.socket) -> None:
        panels = list(self._panels)
        waited = self._watch(selector, panels)
        now = time.monotonic()
        wait = min([_LONGEST_WAIT_S, *(panel.due - now for panel in panels)])
        ready = {key.data for key, _ in selector.select(max(wait, 0.0))}
        for descriptor in waited:
            selector.unregister(descriptor)
        with suppress(BlockingIOError):
            bell.recv(4096)
        while self._calls:
            self._calls.popleft()()
        now = time.monotonic()
        for panel in panels:
            if panel in self._panels and (panel in ready or panel.due <= now):
                panel.step(now)

    @staticmethod
    def _watch(selector: selectors.BaseSelector, panels: list[Panel]) -> list[int]:
        """Registers every open link for one round: a descriptor may be closed and its number used anew."""
        waited = []
        for panel in panels:
            descriptor = panel.fileno()
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ, panel)
                waited.append(descriptor)
        return waited
