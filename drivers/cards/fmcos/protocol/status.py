"""What the status words of FMCOS mean (FMCOS 2.0 user manual, 6.2)."""

from typing import Final

from gateway.ports.cards import CardLockedError

LOCKED: Final = 0x6983
FILE_NOT_FOUND: Final = 0x6A82
WRONG_LENGTH: Final = frozenset({0x6700, 0x6A80})
NO_SUCH_KEY: Final = frozenset({0x6A82, 0x6A83, 0x6A88, 0x9403})
_TRIES_MASK: Final = 0xFFF0
_TRIES: Final = 0x63C0


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
