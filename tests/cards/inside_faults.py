"""What goes wrong around a card while it is written, with a real pcscd; each story asserts what must hold.

Arguments: a folder to work in, and the name of the story.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.domain.encode_job import JobState
from gateway.ports import DeviceState
from gateway.ports.cards import FoundState
from gateway.services.encode_jobs import JobView
from simulators.cards.mortal import Doubled, Swapped
from simulators.devices.vcard import CardLogic
from tests.cards.bench import Bench, Card
from tests.cards.desks import online, running, stands, status
from tests.cards.pcscd import PcscHand, Service, pcscd, write_config
from tests.gateway.runtime.fakes import until
from tests.gateway.services.small_compound import CLERK

KIND = "desfire-ev2"
MIDDLE = 9
LONGEST = 0xFFFF


class Interrupted:
    """Implements CardLogic: at some command from now on something else happens first."""

    def __init__(self, card: CardLogic) -> None:
        self.card = card
        self.left = 0
        self.happens: Callable[[], object] | None = None
        self.answers: bytes | None = None

    def atr(self) -> bytes:
        return self.card.atr()

    def answer(self, apdu: bytes) -> bytes:
        self.left -= 1
        if self.happens is not None and self.left == 0:
            happens, self.happens = self.happens, None
            happens()
        return self.card.answer(apdu) if self.answers is None else self.answers

    def reset(self) -> None:
        self.card.reset()

    def later(self, happens: Callable[[], object]) -> None:
        self.left, self.happens = MIDDLE, happens


async def ordered(bench: Bench, hand: PcscHand, card: Card, logic: CardLogic) -> JobView:
    """A blank card lies there and is ordered for somebody."""
    card.watched.tap()
    await hand.lay(logic)
    return bench.issue(await bench.found(hand.name, FoundState.BLANK))


async def waits(bench: Bench, job: JobView, says: str) -> None:
    """Interrupted with a sentence that says so."""
    job = await bench.told(job, JobState.UNKNOWN)
    assert job.why is not None
    assert says in job.why["template"] % job.why["params"], job.why


async def finished(bench: Bench, hand: PcscHand, card: Card, job: JobView) -> None:
    """The next tap of the card itself ends the work."""
    await bench.lay(hand, card)
    await bench.told(job, JobState.ACTIVE)
    await bench.found(hand.name, FoundState.OURS)
    await hand.lift()
    await bench.empty(hand.name)
    card.watched.assert_sound()


async def pcscd_stops(bench: Bench, config: Path) -> None:
    """The page says that the service is not running; started again, the work goes on with the next tap."""
    hand, card = PcscHand("desk-0", 0), bench.card(KIND)
    with pcscd(config) as service:
        await online(bench, "desk-0")
        pulled = Interrupted(card.mortal)
        job = await ordered(bench, hand, card, pulled)
        pulled.later(lambda: _killed(service))
        bench.desk.begin("desk-0", job.id, CLERK)
        await waits(bench, job, "was lifted or does not answer")
    now = await stands(bench, "desk-0", DeviceState.OFFLINE)
    assert "start pcscd" in now.why
    await bench.empty("desk-0")
    with suppress(OSError):
        await hand.lift()
    with pcscd(config):
        await online(bench, "desk-0")
        await finished(bench, hand, card, job)


def _killed(service: Service) -> None:
    service.kill()
    service.wait(timeout=30)


async def reader_vanishes(bench: Bench, config: Path) -> None:
    """In the middle; the page says which reader is missing, another desk works on and finishes the card."""
    first, other = PcscHand("desk-0", 0), PcscHand("desk-2", 2)
    card = bench.card(KIND)
    with pcscd(config) as service:
        await online(bench, "desk-0", "desk-2")
        pulled = Interrupted(card.mortal)
        job = await ordered(bench, first, card, pulled)
        pulled.later(lambda: _killed(service))
        bench.desk.begin("desk-0", job.id, CLERK)
        await waits(bench, job, "was lifted or does not answer")
    with pcscd(write_config(config.parent, [1])):
        await online(bench, "desk-2")
        await until(lambda: (now := status(bench, "desk-0")) is not None and "no such reader" in now.why)
        await first.lift()
        await finished(bench, other, card, job)
    with pcscd(write_config(config.parent, [0, 1])):
        await online(bench, "desk-0", "desk-2")
        await bench.lay(first, card)
        await bench.found("desk-0", FoundState.OURS)


async def swapped(bench: Bench, config: Path) -> None:
    """Another card lies there in the middle, and the reader did not notice: it is not written."""
    hand, card, other = PcscHand("desk-0", 0), bench.card(KIND), bench.card(KIND)
    before = other.watched.card.dump()
    with pcscd(config):
        await online(bench, "desk-0")
        first = Interrupted(card.mortal)
        job = await ordered(bench, hand, card, first)
        exchanged = Swapped(card.mortal, other.mortal, 0)
        first.later(lambda: setattr(first, "card", exchanged))
        bench.desk.begin("desk-0", job.id, CLERK)
        await waits(bench, job, "Another card lies there")
        await hand.lift()
        await bench.empty("desk-0")
        assert other.watched.card.dump() == before
        await finished(bench, hand, card, job)


async def another_is_laid(bench: Bench, config: Path) -> None:
    """The card is taken away in the middle and another one laid down: that one is looked at, and stays blank."""
    hand, card, other = PcscHand("desk-0", 0), bench.card(KIND), bench.card("fmcos")
    with pcscd(config):
        await online(bench, "desk-0")
        job = await ordered(bench, hand, card, card.mortal)
        card.mortal.doom(die_after=card.mortal.commands + MIDDLE)
        bench.desk.begin("desk-0", job.id, CLERK)
        await waits(bench, job, "was lifted")
        await hand.lift()
        await bench.empty("desk-0")
        await bench.lay(hand, other)
        await until(lambda: (laid := bench.laid("desk-0").card) is not None and laid.uid == other.uid)
        await bench.found("desk-0", FoundState.BLANK)
        bench.desk.begin("desk-0", job.id, CLERK)
        assert "Lay it back" in await bench.says("desk-0")
        await hand.lift()
        await bench.empty("desk-0")
        await finished(bench, hand, card, job)


async def two_cards(bench: Bench, config: Path) -> None:
    """The reader picks one of them at each activation: the other is never written with what is the first one's."""
    hand, card, other = PcscHand("desk-0", 0), bench.card(KIND), bench.card(KIND)
    before = other.watched.card.dump()
    with pcscd(config):
        await online(bench, "desk-0")
        both = Doubled(card.mortal, other.mortal)
        await hand.lay(both)
        laid = await bench.found("desk-0", FoundState.BLANK)
        assert laid.card is not None
        if laid.card.uid == other.uid:
            card, other = other, card
        job = bench.issue(laid)
        both.reset()
        bench.desk.begin("desk-0", job.id, CLERK)
        await waits(bench, job, "Another card lies there")
        await hand.lift()
        await bench.empty("desk-0")
        assert other.watched.card.dump() == before
        await finished(bench, hand, card, job)


async def odd_answers(bench: Bench, config: Path) -> None:
    """Far more than any card says, or nothing, for which pcscd waits until the card is lifted: this card failed."""
    hand = PcscHand("desk-0", 0)
    with pcscd(config):
        await online(bench, "desk-0")
        for size in (LONGEST, 300, 0, 1):
            card = bench.card(KIND)
            talks = Interrupted(card.mortal)
            job = await ordered(bench, hand, card, talks)
            talks.later(lambda talks=talks, size=size: setattr(talks, "answers", bytes(size)))  # type: ignore[misc]  # bound
            bench.desk.begin("desk-0", job.id, CLERK)
            await until(lambda talks=talks: talks.answers is not None)  # type: ignore[misc]  # as above
            if size > 1:
                await bench.told(job, JobState.UNKNOWN)
            await hand.lift()
            await bench.empty("desk-0")
            await waits(bench, job, "")
            await finished(bench, hand, card, job)
            bench.cancel_card(bench.job(job.id).card_id or 0)


STORIES = {
    story.__name__: story for story in (pcscd_stops, reader_vanishes, swapped, another_is_laid, two_cards, odd_answers)
}


async def tell(directory: Path, name: str) -> None:
    async with running(directory, 4) as bench:
        await STORIES[name](bench, write_config(directory, [0, 1]))


if __name__ == "__main__":
    asyncio.run(tell(Path(sys.argv[1]), sys.argv[2]))
