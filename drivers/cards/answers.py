"""Answers that end in SW1 and SW2 (ISO/IEC 7816-4), as CPU cards and contactless readers give them."""

from typing import Final, TypeVar

from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardGarbledError, CardRefusedError

T = TypeVar("T")
OK: Final = 0x9000
_NO_SUCH_COMMAND: Final = frozenset({0x6D00, 0x6E00, 0x6A81})
"""Instruction, class or function not supported."""


class RefusedError(CardRefusedError):
    """An answer with an error status."""

    def __init__(self, status: int) -> None:
        super().__init__(
            "The card refused a command (status %(status)s): lay it down again, or take another card.",
            status=f"{status:04X}",
        )
        self.status = status


def split(answer: bytes) -> tuple[int, bytes]:
    """Status and data. Raises CardGarbledError for an answer without a status."""
    if len(answer) < 2:
        raise CardGarbledError("The card's answer has no status: lay the card down again.")
    return int.from_bytes(answer[-2:]), answer[:-2]


def accept(answer: bytes, length: int | None = None) -> bytes:
    """The data of an answer that must be 9000, with as many bytes as wanted.

    Raises RefusedError, CardGarbledError.
    """
    status, data = split(answer)
    if status != OK:
        raise RefusedError(status)
    if length is not None and len(data) != length:
        raise CardGarbledError(
            "The card answered %(got)s bytes instead of %(wanted)s: lay it down again.", got=len(data), wanted=length
        )
    return data


def if_it_can(procedure: Procedure[T], otherwise: T) -> Procedure[T]:
    """What looks like a card with keys, and then knows no such command: all it has is its UID.

    Such as a MIFARE Classic card on a reader that cannot open one.
    """
    try:
        return (yield from procedure)
    except RefusedError as error:
        if error.status not in _NO_SUCH_COMMAND:
            raise
        return otherwise
