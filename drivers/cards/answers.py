"""Answers that end in SW1 and SW2 (ISO/IEC 7816-4), as CPU cards and contactless readers give them."""

from typing import Final

from gateway.ports.cards import CardGarbledError, CardRefusedError

OK: Final = 0x9000


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
