"""What becomes due by time alone."""

import asyncio
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 20.0


class Sweeper:
    """Calls ``sweep`` in a thread, again and again: entries carry their own end, so it may come late."""

    def __init__(self, sweep: Callable[[], None], every_s: float = EVERY_S) -> None:
        self._sweep = sweep
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled; a sweep that fails ends the run, and supervision starts it again."""
        while True:
            await asyncio.to_thread(self._sweep)
            await asyncio.sleep(self._every_s)
