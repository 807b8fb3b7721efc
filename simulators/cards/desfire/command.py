"""What a command is: how it travels, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.status import Status, must
from simulators.cards.desfire.visit import Visit

Reply = bytes | list[bytes]
"""A list: frames as the card cuts them, whatever their length."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one command and its answer travel.

    ``header``: bytes that go in clear; None for all. ``size``: bytes of data after them; None for any number.
    ``asked``: the reader said how many bytes it wants.
    """

    header: int | None = None
    size: int | None = 0
    mode: Mode = Mode.CONTROL
    reply: Mode = Mode.CONTROL
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """``plan`` sees what came with the first frame and refuses what cannot be; ``run`` gets header and data.

    ``long``: neither command nor answer is cut into frames of the native size.
    """

    plan: Callable[[Visit, bytes], Plan]
    run: Callable[[Visit, bytes, bytes], Reply]
    long: bool = False


Commands = dict[int, Command]
_CONTROL: Final = Plan()


def control(run: Callable[[Visit, bytes], Reply], *sizes: int) -> Command:
    """A command about no content, all of it header, of one of these sizes (any when none is given)."""

    def checked(visit: Visit, header: bytes, _data: bytes) -> Reply:
        must(not sizes or len(header) in sizes, Status.LENGTH)
        return run(visit, header)

    return Command(lambda _visit, _payload: _CONTROL, checked)


def number(data: bytes) -> int:
    """Unsigned, least significant byte first."""
    return int.from_bytes(data, "little")
