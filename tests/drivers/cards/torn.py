"""A card that is pulled away at every command, before and after it was carried out, and laid down again."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from drivers.cards.exchange import Procedure, drive, run
from gateway.ports import DeviceOfflineError
from tests.drivers.cards.desk import Tap

Prepare = Callable[[], Tap]
Work = Callable[[], Procedure[None]]


def commands_of(tap: Tap, work: Procedure[None]) -> int:
    """How many commands the work sends."""
    tap.run(work)
    return len(tap.card.sent)


def tear(tap: Tap, work: Procedure[None], place: int, *, carried_out: bool) -> None:
    """Lays the card down and pulls it away at the n-th command; nothing happens when the work is shorter."""
    tap.card.lay()
    tap.mortal.doom(**{"die_after" if carried_out else "die_before": place})
    try:
        drive(work, tap.card.answer)
    except DeviceOfflineError:
        return
    finally:
        tap.mortal.doom()


def cuts(prepare: Prepare, work: Work) -> Iterator[Tap]:
    """The card after each cut of the work, at every command."""
    for place in range(1, commands_of(prepare(), work()) + 1):
        for carried_out in (False, True):
            tap = prepare()
            tear(tap, work(), place, carried_out=carried_out)
            with pytest.raises(DeviceOfflineError):
                tap.card.answer(b"\xff\xca\x00\x00\x00")
            yield tap


def steps_of(tap: Tap, work: Procedure[None]) -> list[int]:
    """The numbers of the steps that the work announces."""
    tap.card.lay()
    seen: list[int] = []

    async def on_step(number: int) -> None:
        seen.append(number)

    asyncio.run(run(work, tap.card, on_step))
    return seen
