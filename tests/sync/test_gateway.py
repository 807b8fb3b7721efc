"""The gateway's side of sync as one device under supervision."""

import asyncio

import pytest

from sync.session import BrokerSettings
from tests.brokers import free_port
from tests.sync.test_publisher import residents
from tests.sync.world import Sink, make_gateway


async def test_a_greeting_that_fails_is_seen_by_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session on which nothing would ever be published must not look alive."""
    gateway = make_gateway(residents(1), Sink(), BrokerSettings("127.0.0.1", free_port(), "me"))

    async def broken() -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(gateway.fleet, "listen", broken)
    running = asyncio.create_task(gateway.run())
    await asyncio.sleep(0)
    gateway.wire_connected()
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(running, 10)
