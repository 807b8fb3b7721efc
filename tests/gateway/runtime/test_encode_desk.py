"""The desk's encoders: whoever lays a card down goes on with its job, and nothing is granted before the end."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobState
from gateway.domain.errors import ConflictError, NotFoundError, StoreFullError
from gateway.domain.person import Proof
from gateway.ports.cards import CardForeignError, CardKeys, CardKeySet, CardLockedError, CardRefusedError, FoundState
from gateway.services import cards, encode_jobs
from gateway.services.cards import Channel
from gateway.services.encode_jobs import BatchRow
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.desk_rig import KEYS, UID, Card, DeskRig
from tests.gateway.runtime.fakes import until
from tests.gateway.services.small_compound import CLERK, build, uid
from tests.stores import SteppedClock


@pytest.fixture
async def desk(rig: Rig, sqlite_store: Store, store_clock: SteppedClock) -> AsyncIterator[DeskRig]:
    """Running."""
    made = DeskRig(rig, build(sqlite_store, store_clock))
    made.start()
    yield made
    await made.stop()


async def test_a_card_is_issued(desk: DeskRig) -> None:
    """Looked at, written step by step, active; its number opens what the household may enter."""
    card = Card()
    with desk.hub.subscribe() as news:
        job = await desk.reaches(await desk.issue(card), JobState.ACTIVE)
        laid = await desk.found(FoundState.OURS)
        told = [event async for event in _until_kind(news, "encode_job", "active")]
    assert desk.work.done == ["look", "write 0", "write 1", "write 2"]
    assert laid.found is not None
    assert laid.found.data == card.data
    assert job.card_id is not None
    assert desk.compound.card(job.card_id).secure_number == _number_on(card)
    assert "compound" in desk.compound.opens(UID)
    assert [event["state"] for event in told] == [
        "planned",
        "intent",
        "writing",
        "writing",
        "writing",
        "verifying",
        "active",
    ]
    assert [event["step_name"] for event in told if event["state"] == "writing"] == [*_names()]


def _number_on(card: Card) -> bytes:
    assert card.data is not None
    return card.data.number


def _names() -> tuple[str, ...]:
    return ("Make the application", "Write the number", "Change the keys")


async def _until_kind(news: AsyncIterator[object], kind: str, state: str) -> AsyncIterator[dict[str, object]]:
    async for event in news:
        if getattr(event, "kind", "") == kind:
            data = dict(event.data)  # type: ignore[attr-defined]  # a HubEvent
            yield data
            if data["state"] == state:
                return


@pytest.mark.parametrize("step", range(3))
async def test_a_card_pulled_off_is_finished_by_the_next_tap(desk: DeskRig, step: int) -> None:
    """Unknown and opening nothing until it lies on any encoder again; nobody has to press anything."""
    card = Card(dies_at=step)
    job = await desk.reaches(await desk.issue(card), JobState.UNKNOWN)
    assert job.why == {"template": "It was lifted.", "params": {}}
    assert job.step == step
    assert not desk.compound.opens(UID)
    desk.front.lift()
    desk.back.lay(card)
    job = await desk.reaches(job, JobState.ACTIVE)
    assert job.encoder == "back"
    assert "compound" in desk.compound.opens(UID)
    assert desk.work.done.count("look") == 1  # what is known needs no looking


async def test_a_cancelled_card_is_wiped_by_the_next_tap(desk: DeskRig) -> None:
    """And is blank again, belonging to nobody."""
    card = Card(dies_at=1)
    job = await desk.reaches(await desk.issue(card), JobState.UNKNOWN)
    with desk.compound.desk() as uow:
        encode_jobs.cancel(uow, job.id)
    desk.front.lift()
    desk.front.lay(card)
    await desk.reaches(job, JobState.DONE)
    await desk.found(FoundState.BLANK)
    assert card.state is FoundState.BLANK
    assert not desk.compound.opens(UID)


async def test_a_card_that_is_known_is_looked_at_with_its_own_keys_first(desk: DeskRig) -> None:
    """A MIFARE Classic card tells its key version to nobody, and only two wrong keys may be tried."""
    card = Card()
    await desk.reaches(await desk.issue(card), JobState.ACTIVE)
    desk.front.lift()
    desk.front.lay(card)
    await desk.found(FoundState.OURS)
    assert desk.work.likely == [None, 1]


async def test_a_card_that_refuses_says_why_and_can_be_tried_again(desk: DeskRig) -> None:
    """It still lies there: the same tap goes on when it is asked to."""
    card = Card(dies_at=0, error=CardRefusedError("The card has no room left."))
    job = await desk.reaches(await desk.issue(card), JobState.UNKNOWN)
    assert job.why == {"template": "The card has no room left.", "params": {}}
    desk.desk.look_again("front")
    await desk.reaches(job, JobState.ACTIVE)


async def test_another_card_is_not_written(desk: DeskRig) -> None:
    """It was swapped between the click and the first command: the job waits for its own card."""
    card, other = Card(), Card(uid(2))
    desk.front.lay(card)
    job = desk.plan(await desk.found(FoundState.BLANK))
    desk.front.lift()
    desk.front.lay(other)
    desk.desk.begin("front", job.id, CLERK)
    assert "Lay it back" in await desk.refused()
    assert desk.job(job.id).state is JobState.PLANNED
    assert other.state is FoundState.BLANK
    desk.front.lift()
    desk.front.lay(card)
    await desk.reaches(job, JobState.ACTIVE)


async def test_a_desk_at_work_is_left_alone(desk: DeskRig) -> None:
    """The same UID at another desk within the lease: told who has it, and nothing is written."""
    card = Card()
    desk.front.lay(card)
    job = desk.plan(await desk.found(FoundState.BLANK))
    with desk.compound.desk() as uow:
        encode_jobs.take(uow, job.id, "front")
    desk.back.lay(Card())
    said = await desk.refused("back")
    assert "front" in said
    assert "周敏" in said
    assert "write 0" not in desk.work.done


async def test_without_keys_the_page_says_what_to_do(desk: DeskRig) -> None:
    """The job waits until there are some."""
    desk.keys.now, keys = None, desk.keys.now
    job = await desk.issue(Card())
    assert "gatehouse keys init" in await desk.refused()
    desk.keys.now = keys
    desk.desk.look_again("front")
    await desk.reaches(job, JobState.ACTIVE)


async def test_a_store_that_fails_in_the_middle_stops_the_writing(desk: DeskRig) -> None:
    """No command goes to the card whose step is not durable; the worker serves on."""
    card = Card(dies_at=1, error=StoreFullError("The disk is full."))
    job = await desk.reaches(await desk.issue(card), JobState.UNKNOWN)
    assert desk.work.done[-1] == "write 1"
    desk.desk.look_again("front")
    await desk.reaches(job, JobState.ACTIVE)


async def test_what_an_earlier_run_left_is_unknown(rig: Rig, sqlite_store: Store, store_clock: SteppedClock) -> None:
    """A gateway that was killed in the middle: no lease has to end before somebody goes on."""
    made = DeskRig(rig, build(sqlite_store, store_clock))
    made.front.lay(Card())
    seen = await made.desk._look(made.laid())
    assert seen.state is FoundState.BLANK
    job = made.plan(made.laid())
    with made.compound.desk() as uow:
        encode_jobs.take(uow, job.id, "back")
        encode_jobs.start(uow, job.id, "back", 3)
        encode_jobs.mark(uow, job.id, "back", 1)
    with made.compound.desk() as uow:
        encode_jobs.lapse(uow, at_start=True)
    made.start()
    try:
        await made.reaches(job, JobState.UNKNOWN)
        made.front.lift()
        made.front.lay(Card())
        await made.reaches(job, JobState.ACTIVE)
    finally:
        await made.stop()


async def test_a_batch_goes_on_with_each_card(desk: DeskRig) -> None:
    """Three people, three cards, one after the other without a click; each row is promised to the desk before."""
    people = [desk.compound.li_na]
    for name in ("张伟", "王芳"):
        person = desk.compound.person(name)
        desk.compound.settle(person)
        people.append(person)
    with desk.compound.desk() as uow:
        rows = [
            BatchRow("3-1-502", name, Proof.OWNER_FILE, receipt=f"R{n}")
            for n, name in enumerate(("李娜", "张伟", "王芳"))
        ]
        batch = encode_jobs.plan_batch(uow, "交付日", rows)
    desk.desk.follow("front", batch.id, CLERK)
    assert desk.desk.following() == {"front": batch.id}
    for number in range(3):
        await until(lambda: _promised(desk, batch.id) is not None)
        card = Card(uid(number))
        desk.front.lay(card)
        await desk.found(FoundState.OURS)
        desk.front.lift()
    with desk.compound.store.read() as conn:
        jobs = encode_jobs.list_jobs(conn, batch_id=batch.id, only_open=False)
        report = encode_jobs.get_batch(conn, batch.id)
    assert [(job.state, job.uid) for job in jobs] == [(JobState.ACTIVE, uid(n)) for n in range(3)]
    assert [desk.compound.card(job.card_id or 0).holder_id for job in jobs] == people
    assert report.closed_at is not None
    desk.front.lay(Card(uid(9)))
    await until(lambda: not desk.desk.following())


def _promised(desk: DeskRig, batch: str) -> str | None:
    with desk.compound.store.read() as conn:
        waiting = [job for job in encode_jobs.list_jobs(conn, batch_id=batch) if job.uid is None]
    return waiting[0].leased_by if waiting else None


async def test_an_encoder_nobody_configured(desk: DeskRig) -> None:
    """Is named in the answer."""
    with pytest.raises(NotFoundError, match="side"):
        desk.desk.begin("side", "nothing", CLERK)


async def test_a_card_that_opens_to_nobody_is_given_up(desk: DeskRig) -> None:
    """Nothing was written: nobody has it, the page says why, and the same card is not tried a second time."""
    card = Card(dies_at=0, error=CardLockedError("Only two tries are left."), kind=CardKind.FMCOS, untouched=True)
    job = await desk.reaches(await desk.issue(card), JobState.CANCELLED)
    assert job.card_id is None
    assert await desk.refused() == "Only two tries are left."
    assert desk.open_jobs() == []
    desk.front.lift()
    desk.front.lay(card)
    laid = await desk.found(FoundState.BLANK)
    with pytest.raises(ConflictError, match="Only two tries"):
        desk.plan(laid)


async def test_a_card_of_ours_that_refuses_keeps_its_work(desk: DeskRig) -> None:
    """Something stands on it already, so somebody has to finish or wipe it."""
    card = Card(dies_at=1, error=CardForeignError("Someone else's keys are on it."))
    job = await desk.reaches(await desk.issue(card), JobState.UNKNOWN)
    assert job.why == {"template": "Someone else's keys are on it.", "params": {}}


async def test_a_batch_goes_on_with_another_card(desk: DeskRig) -> None:
    """The row comes again for the next blank card; the one that refused is out of it."""
    with desk.compound.desk() as uow:
        rows = [BatchRow("3-1-502", "李娜", Proof.OWNER_FILE, receipt="R1")]
        batch = encode_jobs.plan_batch(uow, "交付日", rows)
    desk.desk.follow("front", batch.id, CLERK)
    desk.front.lay(Card(uid(1), 0, CardForeignError("Someone else's."), kind=CardKind.FMCOS, untouched=True))
    assert await desk.refused() == "Someone else's."
    desk.front.lift()
    desk.front.lay(Card(uid(2)))
    await desk.found(FoundState.OURS)
    with desk.compound.store.read() as conn:
        report = encode_jobs.report(conn, batch.id)
    assert [(job.state, job.uid) for job in report.jobs] == [(JobState.ACTIVE, uid(2))]
    assert report.batch.closed_at is not None


async def test_a_card_with_old_keys_is_written_anew_where_it_lies(desk: DeskRig) -> None:
    """A rotation comes to its end card by card, without a click; the number, and so every gate, stays as it was."""
    card = Card()
    job = await desk.reaches(await desk.issue(card), JobState.ACTIVE)
    number = _number_on(card)
    desk.front.lift()
    desk.work.keys = desk.keys.now = CardKeys(2, {1: KEYS.sets[1], 2: CardKeySet(2, KEYS.sets[1].keys)})
    desk.front.lay(card)
    await until(lambda: desk.compound.card(job.card_id or 0).key_version == 2)
    assert _number_on(card) == number
    done = len(desk.work.done)
    desk.front.lift()
    desk.front.lay(card)
    await desk.found(FoundState.OURS)
    assert desk.work.done[done:] == ["look"]


async def test_the_books_follow_a_card_that_is_ahead_of_them(desk: DeskRig) -> None:
    """Its renewal was given up though all was written: else it would count as an old card for ever."""
    card = Card()
    job = await desk.reaches(await desk.issue(card), JobState.ACTIVE)
    with desk.compound.desk() as uow:
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == job.card_id).values(key_version=2))
    desk.front.lift()
    desk.front.lay(card)
    await until(lambda: desk.compound.card(job.card_id or 0).key_version == 1)
    await desk.found(FoundState.OURS)
    assert desk.open_jobs() == []


async def test_a_lost_card_with_old_keys_is_left_as_it_is(desk: DeskRig) -> None:
    """Only a card in use is worth new keys."""
    card = Card()
    job = await desk.reaches(await desk.issue(card), JobState.ACTIVE)
    with desk.compound.desk() as uow:
        cards.report_loss(
            uow, desk.compound.keys, job.card_id or 0, provisional=False, reporter="李娜", channel=Channel.DESK
        )
    desk.front.lift()
    desk.work.keys = desk.keys.now = CardKeys(2, {1: KEYS.sets[1], 2: CardKeySet(2, KEYS.sets[1].keys)})
    done = len(desk.work.done)
    desk.front.lay(card)
    await desk.found(FoundState.OURS)
    assert desk.work.done[done:] == ["look"]
    assert desk.open_jobs() == []
