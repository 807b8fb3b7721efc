"""``python -m simulators compound --dir DIR --port N`` or ``python -m simulators card --kind KIND``."""

import argparse
import asyncio
import logging
import socket
import sys
from pathlib import Path

import uvicorn

from simulators.cards import command
from simulators.compound.bench import create_bench
from simulators.compound.plan import Plan
from simulators.compound.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    compound = what.add_parser("compound", help="play the demo's hardware and serve its bench")
    compound.add_argument("--dir", type=Path, required=True, help="the demo's directory, with compound.json")
    compound.add_argument("--port", type=int, required=True, help="where the bench is served, on loopback")
    command.add_to(what)
    return parser.parse_args()


class _BenchServer(uvicorn.Server):
    """Ends the streams of open pages before it waits for them."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._world.close()
        await super().shutdown(sockets)


async def _play(directory: Path, port: int) -> None:
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


def main() -> None:
    """Until Ctrl-C or SIGTERM."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if arguments.what == "card":
        sys.exit(command.play(arguments))
    else:
        asyncio.run(_play(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
