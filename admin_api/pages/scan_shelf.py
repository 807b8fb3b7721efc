"""A slip that was scanned at a post in the moment between the page and its live stream is kept for the stream.

A page is shown before its stream is open, and a stream that broke takes a while to come back. What a scanner read
meanwhile, and no page was told, is told to the first stream of that post that opens within five seconds.
"""

import asyncio
from collections import deque
from typing import Final

from gateway.runtime.house import EventHub, HubEvent

KEPT_S: Final = 5.0
_MOST: Final = 64


class ScanShelf:
    """The scans of the last seconds that no page was told. On the loop's thread."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, HubEvent]] = deque(maxlen=_MOST)
        self._told: deque[HubEvent] = deque(maxlen=_MOST)
        self._keeping: asyncio.Task[None] | None = None

    def begin(self, hub: EventHub) -> None:
        """Keeps scans from now on until the hub closes; harmless when it does so already."""
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.get_running_loop().create_task(self._keep(hub))

    async def _keep(self, hub: EventHub) -> None:
        with hub.subscribe() as events:
            async for event in events:
                if event.kind == "scan":
                    self._kept.append((asyncio.get_running_loop().time(), event))

    def tell(self, event: HubEvent) -> None:
        """A page has it: nobody is told again."""
        self._told.append(event)

    def waiting(self) -> list[HubEvent]:
        """What nobody was told, oldest first."""
        since = asyncio.get_running_loop().time() - KEPT_S
        return [event for at, event in self._kept if at >= since and not any(event is told for told in self._told)]
