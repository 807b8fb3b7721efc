"""``python -m simulators compound --dir DIR --port N`` or ``python -m simulators card --kind KIND``."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from simulators.cards import command


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    compound = what.add_parser("compound", help="play the demo's hardware and serve its bench")
    compound.add_argument("--dir", type=Path, required=True, help="the demo's directory, with compound.json")
    compound.add_argument("--port", type=int, required=True, help="where the bench is served, on loopback")
    command.add_to(what)
    return parser.parse_args()


def main() -> None:
    """Until Ctrl-C or SIGTERM."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if arguments.what == "card":
        sys.exit(command.play(arguments))
    else:
        from simulators.compound.command import play  # noqa: PLC0415 - a card needs no web server

        asyncio.run(play(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
