"""Mutual authentication: card and reader prove to each other that they know the key, and derive a session from it.

Every procedure takes a source of random bytes, so that a recorded exchange can be replayed. Each raises WrongKeyError
when the card has another key, CardRefusedError when it does not know the key number or the command, and
CardGarbledError for anything else it says.
"""

from collections.abc import Callable

from drivers.cards.desfire.protocol.ev2 import Ev2Session
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure

Random = Callable[[int], bytes]


def legacy(key_no: int, key: bytes, random: Random) -> Procedure[Session]:
    """0A, for a DES key (8 bytes, or 16 with equal halves) or 3DES with two (16)."""
    raise NotImplementedError
    yield b""


def iso(key_no: int, key: bytes, random: Random) -> Procedure[Session]:
    """1A, for a DES key (8 bytes, or 16 with equal halves), 3DES with two (16) or three (24)."""
    raise NotImplementedError
    yield b""


def aes(key_no: int, key: bytes, random: Random) -> Procedure[Session]:
    """AA, for an AES-128 key."""
    raise NotImplementedError
    yield b""


def ev2_first(key_no: int, key: bytes, random: Random) -> Procedure[Ev2Session]:
    """71, for an AES-128 key: begins a transaction with its own identifier and counter."""
    raise NotImplementedError
    yield b""


def ev2_non_first(session: Ev2Session, key_no: int, key: bytes, random: Random) -> Procedure[Ev2Session]:
    """77, for an AES-128 key: new keys within the transaction of ``session``, which is not to be used any more."""
    raise NotImplementedError
    yield b""
