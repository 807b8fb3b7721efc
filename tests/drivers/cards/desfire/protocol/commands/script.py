"""A card that answers from a list and keeps what it was sent."""

from collections.abc import Sequence
from typing import TypeVar

from drivers.cards.exchange import Procedure, drive

T = TypeVar("T")


def play(procedure: Procedure[T], *answers: str) -> tuple[T, list[str]]:
    """What the procedure returned, and what it sent; both as hex, without blanks."""
    waiting, sent = list(answers), list[str]()

    def answer(apdu: bytes) -> bytes:
        sent.append(apdu.hex().upper())
        return bytes.fromhex(waiting.pop(0))

    result = drive(procedure, answer)
    assert not waiting
    return result, sent


def one(procedure: Procedure[T], answer: str = "9100") -> tuple[T, str]:
    """As :func:`play` for one command."""
    result, sent = play(procedure, answer)
    assert len(sent) == 1
    return result, sent[0]


def data_of(apdus: Sequence[str]) -> str:
    """The data of all frames."""
    return "".join(apdu[10:-2] for apdu in apdus)
