"""One card's life at a desk, in which every piece of work is cut once and goes on with the next tap.

A round issues a card, writes it anew with the next keys, and wipes it; each work dies at its n-th command. A second
card of the round dies in the same place while it is issued, is given up, and is wiped by its next tap.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.domain.card import CardState
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports.cards import FoundState
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView
from tests.cards.bench import NEW, OLD, Bench, Card, Hand
from tests.gateway.services.small_compound import CLERK

KINDS = ("desfire-ev1", "desfire-ev2", "classic", "fmcos")
WORKS = (JobKind.ISSUE, JobKind.REENCODE, JobKind.WIPE)
_WHOLE = 10**6


@dataclass(frozen=True)
class Cut:
    """Where a card dies: at the n-th command of a work (from 1), which is carried out or not."""

    at: int
    carried_out: bool


UNCUT = Cut(_WHOLE, carried_out=False)


@dataclass
class Torn:
    """The rounds at one encoder. ``places``: how many times each work was cut; ``commands``: what it takes uncut."""

    bench: Bench
    hand: Hand
    kind: str
    unit: int
    person: int
    places: Counter[JobKind] = field(default_factory=Counter)
    commands: dict[JobKind, int] = field(default_factory=dict)

    async def measure(self) -> None:
        """Does everything once without a cut, counting commands."""
        await self.round(UNCUT)
        assert set(self.commands) == set(WORKS)
        assert not self.places

    def cuts(self) -> list[Cut]:
        """Each place at which some work can be cut."""
        longest = max(self.commands.values())
        return [Cut(at, carried_out) for at in range(1, longest + 1) for carried_out in (False, True)]

    def cut_here(self, work: JobKind, cut: Cut) -> bool:
        return cut.at <= self.commands.get(work, 0)

    @property
    def expected(self) -> Counter[JobKind]:
        """Before and after every command; an issue twice, for it can be finished or given up."""
        ends = {JobKind.ISSUE: 2}
        return Counter({work: 2 * ends.get(work, 1) * commands for work, commands in self.commands.items()})

    async def round(self, cut: Cut) -> None:
        """The card ends as it began: blank, and nobody's."""
        card = self.bench.card(self.kind)
        await self._work(JobKind.ISSUE, card, cut, OLD)
        await self._work(JobKind.REENCODE, card, cut, NEW)
        assert card.number is not None
        self.bench.cancel_card(card.number)
        await self._work(JobKind.WIPE, card, cut, NEW)
        await self._lifted()
        card.watched.assert_sound()

    async def given_up(self, cut: Cut) -> None:
        """A card that died while it was issued, and was cancelled: the next tap wipes it."""
        card = self.bench.card(self.kind)
        job = await self._cut(JobKind.ISSUE, card, cut, OLD)
        assert job.state is JobState.UNKNOWN
        with self.bench.compound.desk() as uow:
            encode_jobs.cancel(uow, job.id)
        assert not self.bench.opens_gate(await card.read(OLD))
        await self.bench.lay(self.hand, card)
        job = await self.bench.told(job, JobState.DONE)
        await self.bench.found(self.hand.name, FoundState.BLANK)
        await self._lifted()
        assert (await card.look(None)).state is FoundState.BLANK
        assert self.bench.state(job) is None
        card.watched.assert_sound()

    # --- One work ---------------------------------------------------------------------------------

    async def _work(self, work: JobKind, card: Card, cut: Cut, version: int) -> None:
        if not self.cut_here(work, cut) and self.commands:
            cut = UNCUT
        job = await self._cut(work, card, cut, version)
        if job.open:
            assert cut is not UNCUT, job
            await self._right_after(work, card, job, version)
            await self.bench.lay(self.hand, card)
        await self._ended(work, card, job, version)

    async def _cut(self, work: JobKind, card: Card, cut: Cut, version: int) -> JobView:
        """Orders the work for the card that lies there, and pulls the card away in the middle."""
        bench, encoder = self.bench, self.hand.name
        if bench.laid(encoder).card is None:
            await bench.lay(self.hand, card)
        before = FoundState.BLANK if work is JobKind.ISSUE else FoundState.OURS
        laid = await bench.found(encoder, before)
        job = bench.issue(laid, self.unit, self.person) if work is JobKind.ISSUE else self._again(work, card, version)
        begun = card.mortal.commands
        card.mortal.doom(**{"die_after" if cut.carried_out else "die_before": begun + cut.at})
        bench.desk.begin(encoder, job.id, CLERK)
        job = await bench.settled(job)
        if cut is UNCUT:
            self.commands.setdefault(work, card.mortal.commands - begun)
            card.mortal.doom()
            return job
        assert card.mortal.dead, (work, cut)
        assert card.mortal.commands - begun == cut.at
        assert job.open, (work, cut)
        self.places[work] += 1
        await self._lifted()
        return job

    def _again(self, work: JobKind, card: Card, version: int) -> JobView:
        laid = self.bench.laid(self.hand.name)
        return self.bench.order(work, laid, version, card_id=card.number)

    async def _lifted(self) -> None:
        await self.hand.lift()
        await self.bench.empty(self.hand.name)

    # --- What must hold ---------------------------------------------------------------------------

    async def _right_after(self, work: JobKind, card: Card, job: JobView, version: int) -> None:
        """The card is old or new or half-written, and never lost; nothing is granted by it that was not before."""
        told = self.bench.news.of_job(job.id)
        assert (told["state"], told["failed"]) == (job.state, True)
        assert job.why is not None
        likely = version if work is not JobKind.REENCODE else OLD
        assert await self._can_be_opened(card, None) or await self._can_be_opened(card, likely)
        reading = await card.read(likely)
        if work is JobKind.REENCODE:
            self._same_card(job, None if reading.data is None else reading.data.number)
        else:
            assert not self.bench.opens_anything(Identity(IdentityKind.UID, card.uid))
            assert not self.bench.opens_gate(reading)
            assert self.bench.state(job) is not CardState.ACTIVE

    @staticmethod
    async def _can_be_opened(card: Card, likely: int | None) -> bool:
        """By the site's keys or the factory's."""
        return (await card.look(likely)).state in {FoundState.BLANK, FoundState.OURS, FoundState.TORN}

    def _same_card(self, job: JobView, number: bytes | None) -> None:
        """A card in use keeps its number whatever happens, and its UID alone opens no gate that asks for it."""
        assert job.card_id is not None
        card = self.bench.compound.card(job.card_id)
        assert card.state is CardState.ACTIVE
        assert card.secure_number is not None
        assert number in {None, card.secure_number}
        assert self.bench.listed(Identity(IdentityKind.SECURE, card.secure_number), "gate")
        assert not self.bench.listed(Identity(IdentityKind.UID, card.uid or b""), "gate")

    async def _ended(self, work: JobKind, card: Card, job: JobView, version: int) -> None:
        """The work is done, the pages say so, and the card is what the books say."""
        end = JobState.DONE if work is JobKind.WIPE else JobState.ACTIVE
        job = await self.bench.told(job, end)
        card.number = job.card_id
        state = FoundState.BLANK if work is JobKind.WIPE else FoundState.OURS
        seen = (await self.bench.found(self.hand.name, state)).found
        assert seen is not None
        assert seen.key_version == (None if work is JobKind.WIPE else version)
        if work is JobKind.WIPE:
            assert self.bench.state(job) is CardState.BLANK
            assert not self.bench.opens_anything(Identity(IdentityKind.UID, card.uid))
        else:
            assert seen.data is not None
            assert self.bench.state(job) is CardState.ACTIVE
            assert self.bench.listed(Identity(IdentityKind.SECURE, seen.data.number), "gate")


async def every_place(torn: Torn, record_property: Callable[[str, object], None]) -> None:
    """Cuts everything everywhere, and says how often."""
    await torn.measure()
    for cut in torn.cuts():
        await torn.round(cut)
        if torn.cut_here(JobKind.ISSUE, cut):
            await torn.given_up(cut)
    assert torn.places == torn.expected
    record_property("torn", ["at the desk", torn.kind, torn.places.total()])
