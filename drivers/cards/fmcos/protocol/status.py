"""What FMCOS answers with: SW1 and SW2 (FMCOS 2.0 user manual, 6.2; ISO/IEC 7816-4)."""

from typing import Final

from gateway.ports.cards import CardGarbledError, CardLockedError, CardRefusedError

OK: Final = 0x9000
LOCKED: Final = 0x6983
FILE_NOT_FOUND: Final = 0x6A82
WRONG_LENGTH: Final = frozenset({0x6700, 0x6A80})
NO_SUCH_KEY: Final = frozenset({0x6A82, 0x6A83, 0x6A88, 0x9403})
_TRIES_MASK: Final = 0xFFF0
_TRIES: Final = 0x63C0


class FmcosRefusedError(CardRefusedError):
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

    Raises FmcosRefusedError, CardGarbledError.
    """
    status, data = split(answer)
    if status != OK:
        raise FmcosRefusedError(status)
    if length is not None and len(data) != length:
        raise CardGarbledError(
            "The card answered %(got)s bytes instead of %(wanted)s: lay it down again.", got=len(data), wanted=length
        )
    return data


def tries_left(status: int) -> int | None:
    """How many wrong keys the card would still take, when the status says so: ``63Cx``, or 6983 for none."""
    if status == LOCKED:
        return 0
    return status & 0xF if status & _TRIES_MASK == _TRIES else None


def locked(left: int) -> CardLockedError:
    """The error that ends the work while the card can still be saved."""
    if not left:
        return CardLockedError("The card is locked for ever by wrong keys: take another card.", left=left)
    return CardLockedError(
        "The card takes only %(left)s more wrong keys before it locks for ever: take it away, it is left as it is.",
        left=left,
    )
