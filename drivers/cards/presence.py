"""The card that lies there must be the one that the work began with: its reader is asked before each write group."""

from drivers.cards.exchange import Procedure
from drivers.pcsc.protocol.contactless import GET_UID
from gateway.ports.cards import CardGarbledError, CardSwappedError

_OK = b"\x90\x00"
_SIZES = frozenset({4, 7, 10})


def read_uid() -> Procedure[bytes]:
    """What the reader says (PC/SC Part 3, Get Data). Raises CardGarbledError when it tells no UID."""
    answer = yield GET_UID
    if answer[-2:] != _OK or len(answer) - 2 not in _SIZES:
        raise CardGarbledError("The card does not tell its UID: lay it down again.")
    return answer[:-2]


def require_same(uid: bytes) -> Procedure[None]:
    """Raises CardSwappedError when another card lies there, which is left as it is."""
    if (yield from read_uid()) != uid:
        raise CardSwappedError("Another card lies there than the one this work began with: lay that one down again.")
