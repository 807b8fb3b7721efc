"""Time as sync needs it; tests step it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for the wire, monotonic time for intervals."""

    def wall(self) -> int:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds from anywhere; never steps."""

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> int:
        """Unix seconds."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds from anywhere."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""
        await asyncio.sleep(seconds)
