"""``python -m simulators compound``: the demo's hardware, and its bench on loopback."""

import asyncio
import socket
from pathlib import Path

import uvicorn

from simulators.compound.bench import create_bench
from simulators.compound.plan import Plan
from simulators.compound.world import World


class _BenchServer(uvicorn.Server):
    """Ends the streams of open pages before it waits for them."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._world.close()
        await super().shutdown(sockets)


async def play(directory: Path, port: int) -> None:
    """Until one of the two ends."""
    world = World(Plan.load(directory))
    config = uvicorn.Config(create_bench(world), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = _BenchServer(config, world)
    playing = asyncio.create_task(world.run())
    serving = asyncio.create_task(server.serve())
    # Whichever ends first ends both: a bench without devices, or devices nobody can reach, help no one.
    await asyncio.wait({playing, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    playing.cancel()
    await asyncio.wait({playing, serving})
    if not playing.cancelled():
        playing.result()
