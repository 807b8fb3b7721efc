"""Raises alarms without waiting for the store."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.domain.errors import GatehouseError
from gateway.runtime.hub import EventHub

WAITING: Final = 1000
RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """``kind`` is such as ``device_offline``; ``source`` such as ``device:gate-reader``."""

    kind: str
    source: str
    detail: Mapping[str, object]


class Alarms:
    """A queue in front of the store; news kind ``alarm`` at once. ``keep`` writes one alarm and may block."""

    def __init__(self, hub: EventHub, keep: Callable[[Alarm], object]) -> None:
        self._hub = hub
        self._keep = keep
        self._waiting: asyncio.Queue[Alarm] = asyncio.Queue(WAITING)

    def raise_alarm(self, kind: str, source: str, detail: Mapping[str, object]) -> None:
        """Tells the pages now and the store soon. When a thousand wait, further ones are shown only."""
        alarm = Alarm(kind, source, dict(detail))
        self._hub.publish("alarm", {"alarm": kind, "source": source, "detail": alarm.detail})
        if not self._waiting.full():
            self._waiting.put_nowait(alarm)

    async def run(self) -> None:
        """Writes what waits; tries again while the store is busy or full."""
        while True:
            alarm = await self._waiting.get()
            while not await self._kept(alarm):  # noqa: ASYNC110 - the store tells nobody when it is writable again
                await asyncio.sleep(RETRY_S)

    async def _kept(self, alarm: Alarm) -> bool:
        try:
            await asyncio.to_thread(self._keep, alarm)
        except GatehouseError:
            return False
        return True
