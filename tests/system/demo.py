"""A ``gatehouse demo`` process with its bench: what a person has in front of him after ``make run``."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.brokers import free_port
from tests.system.plant import PATIENCE_S, Api, Refused, Taps, wait_for

READY_S = 90.0
END_S = 45.0
WIRED = "main-in"


def demo_command(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "gateway.daemon", "demo", "--data", str(data), "--no-traffic", *options]


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Demo:
    """Start it, stop it, start it again; ``api`` speaks for an administrator."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.output = data.with_name(f"{data.name}.out")
        self.process: subprocess.Popen[bytes] | None = None
        self.told: dict[str, Any] = {}
        self.api = Api("", "")
        self.taps = Taps()

    def start(self, *options: str) -> None:
        """Returns when it says that all is ready."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(demo_command(self.data, *options), stdout=output, stderr=output)
        self.told = wait_for(f"the demo (see {self.output})", self._ready, READY_S)
        self.api = Api(self.told["url"], self.told["token"])
        wait_for("the bench to know its cards", lambda: self.state()["cards"])

    def start_first(self) -> None:
        """The first start, on a port nobody uses."""
        self.start("--port", str(free_port()))

    def _ready(self) -> dict[str, Any] | None:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        if "is running" not in self.output.read_text():
            return None
        told: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        return told

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(END_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end()

    def do(self, act: str, **body: object) -> dict[str, Any]:
        """One thing a hand does on the bench; the state after it. Raises Refused with the bench's sentence."""
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.told['bench_url']}/{act}", json.dumps(body).encode(), headers)
        try:
            with urlopen(request, timeout=PATIENCE_S) as got:
                state: dict[str, Any] = json.load(got)
        except HTTPError as error:
            with error:
                raise Refused(error.code, json.load(error)) from None
        return state

    def state(self) -> dict[str, Any]:
        """What the bench shows."""
        with urlopen(f"{self.told['bench_url']}/state", timeout=PATIENCE_S) as got:
            state: dict[str, Any] = json.load(got)
        return state

    def portals(self) -> dict[str, dict[str, Any]]:
        """The bench's portals by id."""
        return self.portals_of(self.state())

    @staticmethod
    def portals_of(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """By id, as they stood then."""
        return {portal["id"]: portal for portal in state["portals"]}

    def take(self, act: str, **body: object) -> str:
        """A new card in the hand: ``blank`` or ``copy``."""
        card: str = self.do(act, **body)["cards"][-1]["id"]
        return card

    def hold(self, card: str, portal: str) -> bool:
        """Holds a card to a reader; whether the lamp or the controller said yes."""
        if portal == WIRED:
            return self._hold_at_the_wire(card)
        last = self.portals_of(self.do("hold", card=card, portal=portal))[portal]["last"]
        assert last["card"] == card
        return bool(last["granted"])

    def _hold_at_the_wire(self, card: str) -> bool:
        """The lamp and the journal must agree."""
        self.taps.rest(card)
        before = len(self.records_at(WIRED))
        self.do("hold", card=card, portal=WIRED)
        record = wait_for("the record", lambda: self.records_at(WIRED)[before:])[0]
        self.taps.held(card)
        granted: bool = record["kind"] == "access.granted"
        wait_for("the lamp", lambda: self._lamp() == (card, granted))
        return granted

    def _lamp(self) -> tuple[str, bool] | None:
        last = self.portals()[WIRED]["last"]
        return (last["card"], last["granted"]) if last else None

    def records_at(self, portal: str) -> list[dict[str, Any]]:
        """Cards that were held to a wired gate's reader, oldest first."""
        return self.api.every("/events?kind=access.&target=portal:" + portal)

    def logs(self) -> dict[str, str]:
        """What each process said."""
        return {path.name: path.read_text("utf-8", "replace") for path in (self.data / "log").glob("*.log")}

    @contextmanager
    def live(self, *kinds: str) -> Iterator["Live"]:
        """The news an open page gets."""
        headers = {"Authorization": f"Bearer {self.told['token']}"}
        with urlopen(
            Request(f"{self.told['url']}/live?kinds={','.join(kinds)}", headers=headers), timeout=PATIENCE_S
        ) as got:
            assert got.readline().startswith(b"retry:")
            yield Live(got)


class Live:
    """A stream of server-sent events."""

    def __init__(self, stream: HTTPResponse) -> None:
        self._stream = stream

    def next(self) -> dict[str, Any]:
        """The next piece of news."""
        for line in iter(self._stream.readline, b""):
            if line.startswith(b"data: "):
                news: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return news
        raise AssertionError("the stream ended")


def run_second(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Another demo that is expected to refuse."""
    return subprocess.run(
        demo_command(data, *options), capture_output=True, text=True, timeout=READY_S, env=os.environ, check=False
    )
