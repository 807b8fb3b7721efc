"""A broker in memory and a clock that is stepped, for tests of the publisher and the fleet."""

import asyncio
from collections.abc import Sequence

from gateway.ports import DeviceOfflineError
from sync.wire import WireListener  # noqa: TC001  # read where the tests are read


class SteppedClock:
    """Time stands still until :meth:`step`."""

    def __init__(self, wall: int = 1_790_000_000) -> None:
        self.now = float(wall)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def wall(self) -> int:
        return int(self.now)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    async def step(self, seconds: float) -> None:
        """Lets every sleeper due by then wake in its turn."""
        end = self.now + seconds
        await settle()
        while due := sorted((at, i) for i, (at, f) in enumerate(self._sleepers) if at <= end and not f.done()):
            at, index = due[0]
            self.now = max(self.now, at)
            self._sleepers[index][1].set_result(None)
            await settle()
        self._sleepers = [(at, f) for at, f in self._sleepers if not f.done()]
        self.now = end
        await settle()


async def settle() -> None:
    """Lets everything that can run do so."""
    for _turn in range(60):
        await asyncio.sleep(0)


class MemoryWire:
    """A Wire whose broker is a dictionary; ``log`` has every publish in order."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self.log: list[tuple[str, bytes]] = []
        self.connected = True
        self.refuse: set[str] = set()
        self.listener: WireListener | None = None

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.connected:
            future.set_exception(DeviceOfflineError("The broker is out of reach."))
            future.exception()
            return future
        self.log.append((topic, payload))
        if retain and payload:
            self.retained[topic] = payload
        elif retain:
            self.retained.pop(topic, None)
        future.set_result(None)
        return future

    async def subscribe(self, topics: Sequence[str]) -> None:
        for topic, payload in list(self.retained.items()):
            if self.listener is not None and any(topic.startswith(t.rstrip("#")) for t in topics):
                self.listener.wire_message(topic, payload, retained=True)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        pass
