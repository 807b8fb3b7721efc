"""Reference controllers beside a real gateway, enrolled through its API, each in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from gateway.domain.identity import Identity
from sync.clock import SystemClock
from sync.controller import Controller
from sync.session import BrokerSettings
from tests.brokers import Mosquitto
from tests.system.plant import PATIENCE_S, Plant, wait_for

T = TypeVar("T")


def enrol(plant: Plant, name: str) -> dict[str, Any]:
    """The provisioning file of a controller, from the API."""
    given: dict[str, Any] = plant.api.post(f"/controllers/{name}/enrol")
    return given


def enrol_at(plant: Plant, broker: Mosquitto, name: str) -> dict[str, Any]:
    """As an installer does: the gateway makes credentials, the broker is told of them."""
    given = enrol(plant, name)
    broker.add_controller(given["broker"]["username"], given["broker"]["password"])
    return given


def readdressed(given: dict[str, Any], broker: BrokerSettings) -> dict[str, Any]:
    """The same file for a broker with other credentials and another port for controllers."""
    other = {"host": broker.host, "port": broker.port, "username": broker.username, "password": broker.password}
    return {**given, "broker": {**given["broker"], **other}}


class GateBox:
    """One running reference controller. ``opened`` keeps what its outputs did."""

    def __init__(self, given: dict[str, Any], directory: Path) -> None:
        self.name: str = given["controller"]
        self.opened: list[tuple[str, int]] = []
        self.controller = Controller(given, directory, SystemClock(), lambda p, ms: self.opened.append((p, ms)))
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=self.name)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = asyncio.create_task(self.controller.run())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if serving.done():
            serving.result()
        serving.cancel()
        await asyncio.gather(serving, stopping, return_exceptions=True)

    def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def do(self, act: Callable[[], T]) -> T:
        """Runs on the controller's own thread."""

        async def acted() -> T:
            return act()

        return self._ask(acted())

    def admits(self, portal: str, uid: str) -> bool:
        """Holds a card to one of its readers."""
        return self.do(lambda: self.controller.present(portal, Identity.uid(uid))).granted

    def held(self) -> dict[str, tuple[int, str]]:
        """Version and root of each list in force."""
        return {name: (one.version, one.root.hex()) for name, one in self.do(self.controller.held).items()}

    def close(self) -> None:
        """Switches it off; its memory stays."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)


def wait_until_drained(plant: Plant, *boxes: GateBox) -> None:
    """Until each box holds all its lists as the gateway has them, and the gateway has all its events."""
    wait_for("the lists to arrive and the events to drain", lambda: all(_drained(plant, box) for box in boxes))


def _drained(plant: Plant, box: GateBox) -> bool:
    ours = {one["id"]: one["version"] for one in plant.api.get("/lists")["items"]}
    portals = [portal for portal in plant.api.every("/portals") if portal["controller"] == box.name]
    wanted = {name: ours[name] for portal in portals for name in portal["lists"]}
    waiting = box.do(lambda: box.controller.waiting)
    return not waiting and {name: version for name, (version, _root) in box.held().items()} == wanted
