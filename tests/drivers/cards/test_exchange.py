"""A procedure runs over any transport, tells its steps, and ends when the card is gone."""

import pytest

from drivers.cards.exchange import Procedure, Step, drive, run
from gateway.ports import DeviceOfflineError


def greet(heard: list[bytes]) -> Procedure[str]:
    try:
        yield Step(0)
        heard.append((yield b"one"))
        yield Step(1)
        heard.append((yield b"two"))
    finally:
        heard.append(b"closed")
    return "done"


class Echo:
    """Answers with what it was asked; goes away after so many commands."""

    atr = b"\x3b"

    def __init__(self, commands: int) -> None:
        self.left = commands

    async def transmit(self, apdu: bytes) -> bytes:
        if not self.left:
            raise DeviceOfflineError("The card is gone.")
        self.left -= 1
        return apdu.upper()


async def test_steps_are_told_between_commands() -> None:
    """The work waits for each step to be heard."""
    heard: list[bytes] = []

    async def on_step(number: int) -> None:
        heard.append(b"step %d" % number)

    assert await run(greet(heard), Echo(2), on_step) == "done"
    assert heard == [b"step 0", b"ONE", b"step 1", b"TWO", b"closed"]


async def test_a_card_that_leaves_ends_the_procedure() -> None:
    """What the transport raises comes out, and the procedure is closed."""
    heard: list[bytes] = []
    with pytest.raises(DeviceOfflineError):
        await run(greet(heard), Echo(1))
    assert heard == [b"ONE", b"closed"]


async def test_a_step_that_cannot_be_noted_stops_the_work() -> None:
    """Nothing is sent to the card when its step did not become durable."""
    heard: list[bytes] = []

    async def on_step(number: int) -> None:
        raise OSError(number)

    with pytest.raises(OSError, match="0"):
        await run(greet(heard), Echo(2), on_step)
    assert heard == [b"closed"]


def test_driving_needs_no_loop() -> None:
    """Against a card in the same process."""
    heard: list[bytes] = []
    assert drive(greet(heard), bytes.upper) == "done"
    assert heard == [b"ONE", b"TWO", b"closed"]
