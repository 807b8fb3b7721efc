"""The adapter goes on trying, and not too seldom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sync.broker import Broker
from sync.session import BrokerSettings
from tests.brokers import free_port
from tests.sync.memory import SteppedClock
from tests.sync.world import until


class Tries:
    """A WireListener that counts the sessions that could not be opened."""

    def __init__(self) -> None:
        self.lost = 0

    def wire_connected(self) -> None:
        raise AssertionError("nobody listens there")

    def wire_lost(self, why: str) -> None:
        del why
        self.lost += 1

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        raise AssertionError((topic, payload, retained))


@asynccontextmanager
async def trying(most_back_off_s: float) -> AsyncIterator[tuple[Broker, Tries, SteppedClock]]:
    tries, clock = Tries(), SteppedClock()
    settings = BrokerSettings("127.0.0.1", free_port(), "me")
    broker = Broker("b", settings, tries, clock=clock, jitter=lambda: 1.0, most_back_off_s=most_back_off_s)
    task = asyncio.create_task(broker.run())
    try:
        yield broker, tries, clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_broker_that_is_back_is_found_within_the_longest_pause() -> None:
    """However long it was away: after each pause of at most eight seconds comes a try."""
    async with trying(8.0) as (_broker, tries, clock):
        for number in range(1, 9):
            await until(lambda number=number: tries.lost >= number)  # type: ignore[misc]  # mypy knows no default here
            await clock.step(8.0)


async def test_a_mended_cable_is_used_at_once() -> None:
    """The pause that grew while it was cut does not hold it up."""
    async with trying(3600.0) as (broker, tries, clock):
        for number in range(1, 9):
            await until(lambda number=number: tries.lost >= number)  # type: ignore[misc]  # as above
            await clock.step(256.0)
        tried = tries.lost
        broker.hold_down()
        broker.let_up()
        await until(lambda: tries.lost > tried)
        await clock.step(1.0)
        await until(lambda: tries.lost > tried + 1)
