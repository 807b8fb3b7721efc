"""``gatehouse demo``: a parent that keeps three processes: broker, simulators and gateway."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from rich.console import Console

from gateway.daemon import demo_cards, demo_state
from gateway.daemon.demo_state import DemoError, State

READY_S: Final = 60.0
STOP_S: Final = 8.0
# A process that dies this often within a minute does not come back by starting it once more.
DEATHS_A_MINUTE: Final = 4
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)

_libc: Final = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """In the child: the kernel ends it when the demo is killed, however hard."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One process of the demo; what it says goes to its file in ``log``."""

    name: str
    arguments: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)

    @property
    def pid(self) -> int:
        """Of the running process, 0 before the first start."""
        return 0 if self.process is None else self.process.pid

    def start(self) -> None:
        """A session of its own: Ctrl-C reaches the parent only, which ends its children in order."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules with our own arguments
                [sys.executable, "-m", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - the demo has no threads when it starts a child
            )

    def died(self) -> bool:
        """Whether it ended."""
        return self.process is not None and self.process.poll() is not None

    def dies_too_often(self, now: float) -> bool:
        """Counts this death; whether starting again is of no use."""
        self.deaths.append(now)
        while self.deaths and now - self.deaths[0] > 60:
            self.deaths.popleft()
        return len(self.deaths) >= DEATHS_A_MINUTE

    def end(self, patience_s: float) -> None:
        """Asks, waits, then insists."""
        if self.process is None or self.died():
            return
        self.process.terminate()
        try:
            self.process.wait(max(patience_s, 0.1))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-12:])


class Demo:
    """The parent: starts, waits until all is ready, watches, ends."""

    def __init__(self, data: Path, state: State, console: Console) -> None:
        self._data = data
        self._state = state
        self._console = console
        self._stop = asyncio.Event()
        python = {
            "broker": ["sync.embedded", "--port", str(state.mqtt), "--port5", str(state.mqtt5)],
            "simulators": ["simulators", "compound", "--dir", str(data), "--port", str(state.bench)],
            "gateway": ["gateway.daemon", "run", "--config", str(data / "gatehouse.toml")],
        }
        self._children = {
            name: Child(name, arguments, data / "log" / f"{name}.log") for name, arguments in python.items()
        }

    async def run(self) -> None:
        """Until Ctrl-C or SIGTERM. Raises DemoError when a process cannot be kept alive."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            for child in self._children.values():
                child.start()
            await self._until_ready()
            self._write_demo()
            if not self._stop.is_set():
                self._console.print(_welcome(self._data, self._state))
            await self._watch()
        finally:
            self._end()

    async def _until_ready(self) -> None:
        started = time.monotonic()
        for what, ready in self._conditions().items():
            while not self._stop.is_set() and not await ready():
                self._revive()
                if time.monotonic() - started > READY_S:
                    raise DemoError(
                        "The %(what)s was not ready after %(seconds)s seconds; see %(log)s.",
                        what=what,
                        seconds=int(READY_S),
                        log=str(self._data / "log"),
                    )
                await asyncio.sleep(0.1)

    def _conditions(self) -> Mapping[str, Callable[[], Awaitable[bool]]]:
        return {"gateway": self._gateway_ready, "bench": self._bench_ready, "hardware": self._devices_ready}

    async def _gateway_ready(self) -> bool:
        answer = await _get(f"{self._state.url}/readyz")
        return bool(answer and answer.get("ready") and answer.get("broker"))

    async def _bench_ready(self) -> bool:
        """Its box of cards is filled from the gateway."""
        answer = await _get(f"{self._state.bench_url}/state")
        return bool(answer and answer.get("cards"))

    async def _devices_ready(self) -> bool:
        answer = await _get(f"{self._state.url}/api/v1/devices", self._state.token)
        devices = (answer or {}).get("items", [])
        return bool(devices) and all(device.get("state") == "online" for device in devices)

    async def _watch(self) -> None:
        while not self._stop.is_set():
            if self._revive():
                self._write_demo()
            try:
                await asyncio.wait_for(self._stop.wait(), 0.25)
            except TimeoutError:
                continue

    def _revive(self) -> bool:
        """Starts again what died; whether anything did."""
        dead = [child for child in self._children.values() if child.died()]
        for child in dead:
            if child.dies_too_often(time.monotonic()):
                raise DemoError(
                    "The %(name)s keeps ending; the demo ends too. Its last words (%(log)s):\n%(words)s",
                    name=child.name,
                    log=str(child.log),
                    words=child.last_words(),
                )
            code = child.process.returncode if child.process else 0
            self._console.print(f"[yellow]The {child.name} ended ({code}); starting it again.[/]")
            child.start()
        return bool(dead)

    def _write_demo(self) -> None:
        pids = {name: child.pid for name, child in self._children.items()}
        demo_state.write_demo(
            self._data, self._state, pids, ("building-1", "building-2", "building-3", "car-park", "compound")
        )

    def _end(self) -> None:
        deadline = time.monotonic() + STOP_S
        for child in reversed(self._children.values()):
            child.end(deadline - time.monotonic())


async def _get(url: str, token: str = "") -> dict[str, Any] | None:
    """JSON from a page of ours, ``{}`` for another kind of page, None while it does not answer well."""
    return await asyncio.to_thread(_fetch, url, token)


def _fetch(url: str, token: str) -> dict[str, Any] | None:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - our own loopback address
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310 - our own loopback address
            body = answer.read()
    except (URLError, OSError):
        return None
    try:
        known = json.loads(body)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _welcome(data: Path, state: State) -> str:
    """Plain lines: a link in a frame is cut off on a narrow terminal."""
    link = demo_state.sign_in_link(data)
    return f"""
[bold]湖景苑 is running.[/]

  Sign in (this link works once, for ten minutes):
    [bold]{link}[/]
  Handle the hardware on the bench:
    [bold]{state.bench_url}[/]
  For programs, addresses and an API token:
    {data / "demo.json"}

Try this:
  1. On the bench, hold a resident's card to the reader at the north gate: the barrier opens.
  2. Take a blank DESFire card, lay it on the encoder and issue it at the desk; watch it open gate after gate.
  3. Copy its UID and hold the copy to the reader: it opens nothing, and the console says which card was copied.
  4. Report the card lost, hold it to the reader again, and ask why it was refused.
  5. Write a release slip, and scan it twice at the post.

Ctrl-C ends everything; the next start goes on where this one stopped.
"""


def run(data: Path, *, port: int | None, traffic: bool, fresh: bool) -> None:
    """Prepares the directory and runs the demo. Raises DemoError in one clear sentence."""
    os.umask(0o077)
    console = Console(highlight=False, soft_wrap=True)
    data = data.resolve()
    with demo_state.claimed(data):
        if fresh:
            demo_state.remove_made(data)
        state = demo_state.prepare(data, port)
        demo_state.write_config(data, state)
        demo_cards.teach_readers(data)
        demo_state.write_compound(data, state, traffic=traffic)
        (data / "demo.json").unlink(missing_ok=True)
        console.print(f"Starting; pages will be at {state.url}")
        asyncio.run(Demo(data, state, console).run())
