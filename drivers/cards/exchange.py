"""How a procedure talks to a card without doing I/O itself.

A procedure is a generator: it yields the bytes of a command and is sent the bytes of the answer; it yields a
:class:`Step` before the commands of that step and is sent nothing. The same procedure runs over PC/SC, over a socket,
and in a test against a card in the same process.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from gateway.ports.cards import CardTransport, OnStep

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """The commands that follow belong to this step (from 0)."""

    number: int


Procedure = Generator[bytes | Step, bytes, T]
"""Returns what it found or made; raises gateway.ports.cards.CardError."""


def drive(procedure: Procedure[T], answer: Callable[[bytes], bytes]) -> T:
    """Runs a procedure against a card that answers at once."""
    reply = b""
    try:
        asked = next(procedure)
        while True:
            reply = b"" if isinstance(asked, Step) else answer(asked)
            asked = procedure.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result


async def run(procedure: Procedure[T], card: CardTransport, on_step: OnStep | None = None) -> T:
    """Runs a procedure against the card on an encoder; what the transport raises ends the procedure."""
    try:
        asked = next(procedure)
        while True:
            if isinstance(asked, Step):
                if on_step is not None:
                    await on_step(asked.number)
                asked = procedure.send(b"")
            else:
                asked = procedure.send(await card.transmit(asked))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        procedure.close()
