"""``python -m simulators card``: lays one virtual card on a reader, until it is lifted."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

from gateway.domain.errors import GatehouseError
from gateway.domain.identity import parse_uid
from simulators.cards import state
from simulators.cards.catalogue import KINDS, draw_uid, make
from simulators.cards.mortal import Mortal
from simulators.devices.vcard import VPCD_PORT, VirtualCard

_EPILOG = """Exit status: 0 the card was lifted, by the encoder or by Ctrl-C; 1 no encoder listens there, or the state
file cannot be used; 2 the command line is wrong; 3 the card died as it was told to."""


class Exit(IntEnum):
    """How it ended."""

    LIFTED = 0
    REFUSED = 1
    DIED = 3


def add_to(what: Any) -> None:
    """Adds the sub-command ``card`` to the parsers of the command line (what argparse's add_subparsers gave)."""
    card: argparse.ArgumentParser = what.add_parser(
        "card", help="lay one virtual card on a vpcd reader", epilog=_EPILOG
    )
    card.add_argument("--kind", choices=KINDS, default="uid")
    card.add_argument("--uid", type=_uid, help="4, 7 or 10 bytes in hexadecimal; without it one is drawn")
    card.add_argument("--vpcd", type=_address, default=("127.0.0.1", VPCD_PORT), metavar="HOST:PORT")
    card.add_argument("--state", type=Path, metavar="FILE", help="keep the card in this file; its keys are in it too")
    death = card.add_mutually_exclusive_group()
    death.add_argument("--die-before", type=_count, metavar="N", help="the N-th command does not reach the card")
    death.add_argument("--die-after", type=_count, metavar="N", help="the N-th command is carried out, its answer lost")


def play(arguments: argparse.Namespace, say: Callable[[str], None] = print) -> Exit:
    """Until the encoder lets the card go, it dies, or Ctrl-C or SIGTERM."""
    try:
        stored = _card(arguments.kind, arguments.uid, arguments.state)
    except GatehouseError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"The state file {arguments.state} cannot be used: {error.strerror or error}.")
    mortal = Mortal(stored, die_before=arguments.die_before, die_after=arguments.die_after)
    host, port = arguments.vpcd
    held = VirtualCard(mortal, host, port)
    try:
        held.lay()
    except OSError as error:
        return _refuse(f"No encoder listens on {host}:{port} ({error.strerror or error}).")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        say(f"The card {stored.uid.hex().upper()} ({arguments.kind}) lies on {host}:{port}. Ctrl-C lifts it.")
        held.wait()
    except KeyboardInterrupt:
        held.lift()
        say("The card was lifted.")
        return Exit.LIFTED
    return _ended(mortal, say)


def _ended(mortal: Mortal, say: Callable[[str], None]) -> Exit:
    if mortal.dead:
        say(f"The card died at command {mortal.commands}.")
        return Exit.DIED
    say(f"The encoder let the card go after {mortal.commands} commands.")
    return Exit.LIFTED


def _card(kind: str, uid: bytes | None, path: Path | None) -> state.StoredCard:
    known = state.read(path) if path else None
    if uid is None:
        uid = bytes.fromhex(known["uid"]) if known else draw_uid(kind, os.urandom)
    card = make(kind, uid)
    return state.Remembered(card, kind, path) if path else card


def _refuse(sentence: str) -> Exit:
    print(sentence, file=sys.stderr)
    return Exit.REFUSED


def _uid(text: str) -> bytes:
    try:
        return parse_uid(text)
    except GatehouseError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise argparse.ArgumentTypeError(f"“{text}” is no address: HOST:PORT, the port from 1 to 65535")
    return host.strip("[]") or "127.0.0.1", int(port)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is no command: they are counted from 1")
    return int(text)
