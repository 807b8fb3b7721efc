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
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._ring.setblocking(False)

    def attach(self, panel: Panel) -> "Future[None]":
        """Serves the panel until it is detached. The future ends when the thread has let go of it."""
        done: Future[None] = Future()
        with self._lock:
            self._panels[panel] = done
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="osdp", daemon=True)
                self._thread.start()
        self._wake()
        return done

    def detach(self, panel: Panel) -> None:
        """Closes the panel's link soon; its future tells when."""
        self.call(lambda: self._let_go(panel))

    def call(self, function: Callable[[], object]) -> None:
        """Runs a function in the thread, between two steps."""
        self._calls.append(function)
        self._wake()

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: it is ringing already
            self._ring.send(b"!")

    def _let_go(self, panel: Panel) -> None:
        with self._lock:
            done = self._panels.pop(panel, None)
        if done is not None:
            panel.close()
            done.set_result(None)

    def _serve(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._bell, selectors.EVENT_READ)
                while self._go_on():
                    self._round(selector)
        finally:
            for panel in list(self._panels):
                self._let_go(panel)

    def _go_on(self) -> bool:
        with self._lock:
            if not self._panels:
                self._thread = None
            return bool(self._panels)

    def _round(self, selector: selectors.BaseSelector) -> None:
        panels = list(self._panels)
        waited = self._watch(selector, panels)
        now = time.monotonic()
        wait = min([_LONGEST_WAIT_S, *(panel.due - now for panel in panels)])
        ready = {key.data for key, _ in selector.select(max(wait, 0.0))}
        for descriptor in waited:
            selector.unregister(descriptor)
        self._run_calls()
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

    def _run_calls(self) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(4096)
        while self._calls:
            self._calls.popleft()()
