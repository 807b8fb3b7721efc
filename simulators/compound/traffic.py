"""Gentle traffic: residents come and go, so that the console has something to show."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Traffic:
    """Every few seconds one of the ``cards`` is held at one of the portals, while it is on."""

    cards: Sequence[str]
    portals: Callable[[], Sequence[str]]
    hold: Callable[[str, str], Awaitable[None]]
    on: Callable[[], bool]
    rng: random.Random = field(default_factory=random.Random)

    async def run(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Until cancelled."""
        while True:
            await sleep(self.rng.uniform(3, 9))
            portals = self.portals()
            if self.on() and self.cards and portals:
                await self.hold(self.rng.choice(self.cards), self.rng.choice(portals))
