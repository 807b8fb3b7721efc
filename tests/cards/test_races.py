"""Two desks and one card, or two cards and the last place: exactly one wins, and the other is told who.

The desks are two gateways' worth of threads on one store; both ask at the same moment.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.errors import GatehouseError
from gateway.domain.person import Proof, Role
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.encoders import LaidCard
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView, Order
from gateway.storage.store import Actor, Store
from tests.cards.bench import OLD, TEMPLATES, Bench, Card, InProcessEncoder
from tests.cards.watched import mortal
from tests.gateway.runtime.conftest import build as build_rig
from tests.gateway.runtime.fakes import MemoryJournal, until
from tests.gateway.services import small_compound
from tests.gateway.services.small_compound import CLERK, Compound, uid
from tests.stores import BOOT, SteppedClock

ZHOU = CLERK
WU = Actor("user:7", "吴静", frozenset({Role.FRONT_DESK}))
ROUNDS = 8


@pytest.fixture
def compound(store: Store, store_clock: SteppedClock) -> Compound:
    return small_compound.build(store, store_clock)


@pytest.fixture
def other(store_url: str, store: Store, store_clock: SteppedClock) -> Iterator[Store]:
    """The same database, opened once more; ``store`` made the schema."""
    assert store is not None
    opened = Store(store_url, clock=store_clock, boot=BOOT)
    yield opened
    opened.close()


def at_once(*acts: Callable[[], JobView]) -> tuple[list[JobView], list[GatehouseError]]:
    """What each of them got."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], JobView]) -> JobView | GatehouseError:
        start.wait(30)
        try:
            return act()
        except GatehouseError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        got = list(pool.map(run, acts))
    won = [one for one in got if isinstance(one, JobView)]
    return won, [one for one in got if isinstance(one, GatehouseError)]


def issuing(compound: Compound, store: Store, actor: Actor, card: bytes) -> Callable[[], JobView]:
    """A clerk who orders this card for 李娜."""
    found = FoundCard(card, CardKind.DESFIRE_EV2, FoundState.BLANK)
    order = Order(
        JobKind.ISSUE, unit_id=compound.unit, person_id=compound.li_na, proof=Proof.OWNER_FILE, receipt=f"R-{actor.id}"
    )
    return lambda: store.run(actor, lambda uow: encode_jobs.plan(uow, order, found, TEMPLATES, OLD))


def test_one_card_at_two_desks(compound: Compound, store: Store, other: Store) -> None:
    """The loser reads who began, and for whom; there is one card and one job."""
    for number in range(ROUNDS):
        won, lost = at_once(issuing(compound, store, ZHOU, uid(number)), issuing(compound, other, WU, uid(number)))
        assert (len(won), len(lost)) == (1, 1)
        told = str(lost[0])
        assert won[0].created_by in told
        assert "李娜" in told
        assert "3-1-502" in told
        with compound.store.read() as conn:
            assert [job.id for job in encode_jobs.list_jobs(conn)] == [won[0].id]
        with compound.desk() as uow:
            encode_jobs.cancel(uow, won[0].id)


def test_two_cards_and_the_last_place(compound: Compound, store: Store, other: Store) -> None:
    """The quota is five: of two cards for the fifth place one is reserved, and the loser reads whose it is."""
    for number in range(4):
        compound.issue(uid(100 + number), receipt=f"R{number}")
    for number in range(ROUNDS):
        won, lost = at_once(
            issuing(compound, store, ZHOU, uid(2 * number)), issuing(compound, other, WU, uid(2 * number + 1))
        )
        assert (len(won), len(lost)) == (1, 1)
        told = str(lost[0])
        assert "5 of 5" in told
        assert won[0].created_by in told
        assert "李娜" in told
        with compound.desk() as uow:
            encode_jobs.cancel(uow, won[0].id)


def test_one_job_taken_twice(compound: Compound, store: Store, other: Store) -> None:
    """A card whose work waits is laid down at two desks, as a copy can be: one writes, the other is told where."""
    job = issuing(compound, store, ZHOU, uid(1))()

    def taking(one: Store, actor: Actor, encoder: str) -> Callable[[], JobView]:
        return lambda: one.run(actor, lambda uow: encode_jobs.take(uow, job.id, encoder))

    for _ in range(ROUNDS):
        won, lost = at_once(taking(store, ZHOU, "front"), taking(other, WU, "back"))
        assert (len(won), len(lost)) == (1, 1)
        assert str(won[0].leased_by) in str(lost[0])
        assert str(won[0].encoder) in str(lost[0])
        with compound.desk() as uow:
            encode_jobs.leave(uow, job.id, won[0].encoder or "")


async def test_one_card_and_its_twin_at_two_desks(tmp_path: Path, compound: Compound) -> None:
    """Whole desks: two cards with one UID, both laid down while the work waits; one is written, the other is not."""
    rig = build_rig(tmp_path / "spill", MemoryJournal())
    rig.start()
    bench = Bench(rig, compound, ("back", "front"))
    front, back = InProcessEncoder("front", bench.encoders), InProcessEncoder("back", bench.encoders)
    for encoder in (front, back):
        bench.attach(encoder)
    bench.start()
    try:
        card = bench.card("desfire-ev2")
        await bench.lay(front, card)
        job = bench.issue(await bench.found("front", FoundState.BLANK))
        card.mortal.doom(die_before=card.mortal.commands + 5)
        bench.desk.begin("front", job.id, CLERK)
        await bench.told(job, JobState.UNKNOWN)
        await bench.empty("front")
        twin = Card(card.kind, card.uid, *mortal(card.kind, card.uid))
        blank = twin.watched.card.dump()
        for encoder, laid in ((front, card), (back, twin)):
            encoder.free.clear()
            await bench.lay(encoder, laid)
        loser = await _told_off(bench)
        for encoder in (front, back):
            encoder.free.set()
        await bench.told(job, JobState.ACTIVE)
        winner = "front" if loser.encoder == "back" else "back"
        assert loser.params is not None
        assert f"{job.created_by} is working on this card at {winner}" in loser.why % loser.params
        if winner == "front":
            assert twin.watched.card.dump() == blank
    finally:
        await bench.stop()
        await rig.stop()


async def _told_off(bench: Bench) -> LaidCard:
    await until(lambda: any(laid.why for laid in bench.encoders.laid()))
    return next(laid for laid in bench.encoders.laid() if laid.why)
