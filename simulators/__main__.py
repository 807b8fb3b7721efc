"""``python -m simulators compound --dir DIR --port N`` or ``python -m simulators card --kind uid --uid HEX``."""

import argparse
import asyncio
import logging
import socket
from pathlib import Path

import uvicorn

from gateway.domain.identity import parse_uid
from simulators.compound.bench import create_bench
from simulators.compound.plan import Plan
from simulators.compound.world import World
from simulators.devices.vcard import VPCD_PORT, serve_uid_card


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    compound = what.add_parser("compound", help="play the demo's hardware and serve its bench")
    compound.add_argument("--dir", type=Path, required=True, help="the demo's directory, with compound.json")
    compound.add_argument("--port", type=int, required=True, help="where the bench is served, on loopback")
    card = what.add_parser("card", help="lay one virtual card on a vpcd reader")
    card.add_argument("--kind", choices=["uid"], default="uid")
    card.add_argument("--uid", type=parse_uid, required=True, help="4, 7 or 10 bytes in hexadecimal")
    card.add_argument("--vpcd", type=_address, default=("127.0.0.1", VPCD_PORT), metavar="HOST:PORT")
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
        serve_uid_card(arguments.uid, *arguments.vpcd)
    else:
        asyncio.run(_play(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
