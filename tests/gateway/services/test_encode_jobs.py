"""Work at the encoder is durable, has one desk at a time, and a card opens nothing before its end."""

import dataclasses
import threading

import pytest
from sqlalchemy import select

from gateway.domain.card import CardState
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import LEASE_S, JobKind, JobState
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError, StaleError
from gateway.ports.cards import FACTORY, FoundState
from gateway.services import cards, encode_jobs, household, occupancy, site
from gateway.services.cards import Blank, CardView
from gateway.services.encode_jobs import JobView
from gateway.storage.tables import cards as cards_table
from gateway.storage.tables import encode_jobs as jobs_table
from tests.gateway.services.encode_stage import (
    DESK,
    PULLED,
    STEPS,
    VERSION,
    Desk,
    blank,
    card_of,
    other,
    secure_readers,
    secured,
)
from tests.gateway.services.small_compound import OTHER_UID, UID, Compound, uid


@pytest.fixture
def desk(compound: Compound) -> Desk:
    return Desk(compound)


def all_cards(desk: Desk) -> list[CardView]:
    with desk.compound.store.read() as conn:
        return cards.list_cards(conn)


# --- Issue ----------------------------------------------------------------------------------------


def test_a_planned_card_is_reserved_and_opens_nothing(desk: Desk) -> None:
    job = desk.plan()
    card = card_of(desk, job)
    assert (card.state, card.holder, card.unit, card.uid) == (CardState.RESERVED, "李娜", "3-1-502", UID)
    assert (card.kind, card.key_version, card.issued_at) == ("desfire-ev2", None, None)
    assert desk.compound.opens(UID) == set()
    assert (job.state, job.key_version, job.holder, job.card) == (JobState.PLANNED, VERSION, "李娜", "0001")


def test_the_plan_is_kept_as_it_was_made(desk: Desk) -> None:
    plan = encode_jobs.plan_of(desk.plan())
    assert (plan.uid, plan.kind, plan.before) == (UID, CardKind.DESFIRE_EV2, FACTORY)
    assert (plan.data.site_number, plan.data.key_version, plan.data.issued_at) == (7, VERSION, 1_760_000_000)
    assert plan.data.number == (1).to_bytes(8)


def test_it_opens_when_it_was_read_back_and_not_a_step_before(desk: Desk) -> None:
    secure_readers(desk.compound, "compound", "b3")
    job = desk.plan()
    number = encode_jobs.plan_of(job).data.number
    desk.take(job)
    for act in (desk.start, desk.mark, desk.verify):
        act(job)
        assert not secured(desk, number, "compound")
        assert card_of(desk, job).state is CardState.RESERVED
    done = desk.finish(job)
    card = card_of(desk, job)
    assert (done.state, done.lease_until, done.step) == (JobState.ACTIVE, None, STEPS)
    assert (card.state, card.secure_number, card.key_version) == (CardState.ACTIVE, number, VERSION)
    assert secured(desk, number, "compound")
    assert secured(desk, number, "b3")
    assert desk.compound.opens(UID) == {"garage"}


def test_the_story_of_the_card_begins_with_its_issue(desk: Desk) -> None:
    job = desk.issued()
    assert job.card_id is not None
    with desk.compound.store.read() as conn:
        story = cards.story(conn, job.card_id)
    assert [(record.kind, record.body["ordered_by"]) for record in story] == [("card.issue", job.created_by)]


def test_no_key_stands_in_any_row(desk: Desk) -> None:
    """The plan names a version; the digest, the number and the UID are no secrets."""
    job = desk.plan()
    with desk.compound.store.read() as conn:
        row = conn.execute(select(jobs_table)).one()
    assert set(job.plan or {}) == {"uid", "kind", "data", "templates", "before"}
    assert len(row.plan_digest) == 32
    columns = {name for name, value in row._asdict().items() if isinstance(value, bytes)}
    assert columns == {"uid", "plan_digest"}


def test_a_card_from_stock_keeps_its_number(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        (stocked,) = cards.stock_in(uow, [Blank("0901", UID)])
    job = desk.issued()
    assert (job.card_id, job.card) == (stocked.id, "0901")


@pytest.mark.parametrize("state", [FoundState.FOREIGN, FoundState.LOCKED, FoundState.UID_ONLY, FoundState.TORN])
def test_only_a_blank_card_is_issued(desk: Desk, state: FoundState) -> None:
    with pytest.raises(ConflictError, match="card"):
        desk.plan(dataclasses.replace(blank(), state=state))
    assert all_cards(desk) == []


def test_a_card_that_shows_a_new_uid_each_time_is_refused(desk: Desk) -> None:
    with pytest.raises(RuleViolationError, match="new number at every tap"):
        desk.plan(blank(bytes.fromhex("08123456")))


def test_an_order_without_a_person_is_refused(desk: Desk) -> None:
    with pytest.raises(MalformedError):
        desk.plan(order=desk.order(person_id=None))
    with pytest.raises(MalformedError):
        desk.plan(order=desk.order(what=JobKind.REENCODE))


def test_a_card_someone_holds_is_refused_with_their_name(desk: Desk) -> None:
    desk.compound.issue(UID)
    with pytest.raises(ConflictError, match="already belongs to 李娜, 3-1-502"):
        desk.plan()


def test_the_rules_are_looked_at_once_more_at_the_end(desk: Desk) -> None:
    """Someone moves out while their card is written: it never opens, and has to be wiped."""
    wang = desk.compound.person("王建军")
    place = desk.compound.settle(wang)
    job = desk.plan(order=desk.order(person_id=wang))
    desk.begin(job)
    desk.verify(job)
    with desk.compound.desk() as uow:
        occupancy.end_occupancy(uow, desk.compound.keys, place.id, "moved out")
    with pytest.raises(RuleViolationError, match="not on file"):
        desk.finish(job)
    assert desk.job(job).state is JobState.VERIFYING
    assert desk.cancel(job).state is JobState.WIPING
    assert desk.wipe(job).state is JobState.DONE
    assert all_cards(desk) == []


# --- Two desks ------------------------------------------------------------------------------------


def test_the_second_desk_is_told_who_has_the_card(desk: Desk) -> None:
    job = desk.plan()
    with pytest.raises(ConflictError, match="陈静 began it") as refused:
        other(desk).plan()
    assert refused.value.params["job"] == job.id


def test_a_desk_at_work_is_left_alone_until_its_lease_ends(desk: Desk) -> None:
    job, second = desk.plan(), other(desk)
    desk.begin(job)
    for act in (second.take, second.cancel):
        with pytest.raises(ConflictError, match="陈静 is working on this card at desk-1 until 16:55:20"):
            act(job)
    desk.compound.clock.step(LEASE_S)
    taken = second.take(job)
    assert (taken.state, taken.encoder, taken.leased_by) == (JobState.UNKNOWN, "desk-2", "周敏")
    with pytest.raises(StaleError):
        desk.mark(job, 1)
    second.start(job)
    second.verify(job)
    assert second.finish(job).state is JobState.ACTIVE


def test_every_step_renews_the_lease(desk: Desk) -> None:
    job = desk.plan()
    desk.begin(job)
    for step in range(STEPS):
        desk.compound.clock.step(LEASE_S - 1)
        desk.mark(job, step)
    with pytest.raises(ConflictError):
        other(desk).take(job)


def test_the_same_desk_goes_on_at_once(desk: Desk) -> None:
    """The gateway was started again in the middle: what is on the card is not known."""
    job = desk.plan()
    desk.begin(job)
    assert desk.take(job).state is JobState.UNKNOWN
    assert desk.start(job).state is JobState.INTENT


def test_work_without_a_sign_of_life_becomes_unknown(desk: Desk) -> None:
    job, waiting = desk.plan(), desk.plan(blank(OTHER_UID))
    desk.begin(job)
    desk.take(waiting)

    def lapse(*, at_start: bool = False) -> list[str]:
        with desk.compound.desk() as uow:
            return [job.id for job in encode_jobs.lapse(uow, at_start=at_start)]

    assert lapse() == []
    desk.compound.clock.step(LEASE_S)
    assert sorted(lapse()) == sorted([job.id, waiting.id])
    assert (desk.job(job).state, desk.job(waiting).state) == (JobState.UNKNOWN, JobState.PLANNED)
    assert "was interrupted" in (desk.job(job).why or {})["template"]
    desk.begin(job)
    assert lapse(at_start=True) == [job.id]


def test_two_desks_and_one_card_end_with_one_plan(both: Compound) -> None:
    """In the database: neither sees the other before both have begun."""
    desks = [Desk(both), Desk(both, "desk-2")]
    won, told = race(desks, [UID, UID])
    assert len(won) == 1
    assert "began it" in told[0] or "belongs to" in told[0]


def test_two_cards_and_the_last_place_end_with_one_plan(both: Compound) -> None:
    """R-CARD-8; the other is told who took the place."""
    with both.desk() as uow:
        site.set_settings(uow, cards_per_unit=1)
    desks = [Desk(both), Desk(both, "desk-2")]
    won, told = race(desks, [uid(1), uid(2)])
    assert len(won) == 1
    (said,) = told
    assert said.startswith("3-1-502 already holds 1 of 1 cards; one is being written for 李娜 by 陈静. Take one back")


def race(desks: list[Desk], uids: list[bytes]) -> tuple[list[JobView], list[str]]:
    """Each desk plans for its card at the same moment."""
    ready, won, told = threading.Barrier(len(desks)), list[JobView](), list[str]()
    desks[1].random = lambda size: bytes([0xEE]) * size

    def plan(desk: Desk, card: bytes) -> None:
        ready.wait(10)
        try:
            won.append(desk.plan(blank(card)))
        except (ConflictError, RuleViolationError) as error:
            told.append(str(error))

    threads = [threading.Thread(target=plan, args=pair) for pair in zip(desks, uids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return won, told


# --- Failure and giving up ------------------------------------------------------------------------


def test_a_failure_leaves_the_card_unknown_until_it_lies_there_again(desk: Desk) -> None:
    job = desk.plan()
    desk.begin(job, 2)
    failed = desk.fail(job)
    assert (failed.state, failed.step, failed.lease_until) == (JobState.UNKNOWN, 1, None)
    assert failed.why == {"template": PULLED.template, "params": {"step": "2"}}
    second = other(desk)
    done = second.write(job)
    assert (done.state, done.why) == (JobState.ACTIVE, None)
    assert card_of(desk, job).state is CardState.ACTIVE


def test_a_failure_before_the_first_step_changes_nothing(desk: Desk) -> None:
    job = desk.plan()
    desk.take(job)
    assert desk.fail(job).state is JobState.PLANNED
    assert desk.cancel(job).state is JobState.CANCELLED


def test_cancelled_before_it_began_nothing_is_left(desk: Desk) -> None:
    job = desk.plan()
    done = desk.cancel(job)
    assert (done.state, done.card_id) == (JobState.CANCELLED, None)
    assert all_cards(desk) == []
    assert desk.issued().card == "0001"


def test_cancelled_before_it_began_stock_is_as_before(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        (before,) = cards.stock_in(uow, [Blank("0901")])
    desk.cancel(desk.plan(order=desk.order(number="0901")))
    assert desk.compound.card(before.id) == dataclasses.replace(before, rev=3)


def test_cancelled_after_it_began_the_card_is_wiped_and_never_opens(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        (before,) = cards.stock_in(uow, [Blank("0901", UID)])
    job = desk.plan()
    desk.begin(job, 2)
    assert desk.cancel(job).state is JobState.WIPING
    with pytest.raises(ConflictError, match="being wiped"):
        desk.cancel(job)
    assert desk.job(job).wipes
    assert desk.begin(job).state is JobState.WIPING
    assert desk.fail(job).state is JobState.WIPING
    assert desk.wipe(job).state is JobState.DONE
    assert desk.compound.card(before.id) == dataclasses.replace(before, rev=3)
    assert desk.compound.opens(UID) == set()


def test_a_card_that_was_lost_half_way_is_known_when_it_turns_up(desk: Desk) -> None:
    job = desk.plan()
    desk.begin(job)
    with pytest.raises(ConflictError):
        desk.abandon(job)
    desk.fail(job)
    assert desk.abandon(job).state is JobState.CANCELLED
    card = card_of(desk, job)
    assert (card.state, card.uid) == (CardState.CANCELLED, UID)
    with pytest.raises(RuleViolationError, match="Take it back into stock first"):
        desk.plan()
    torn = dataclasses.replace(blank(), state=FoundState.TORN)
    assert desk.wipe(desk.plan(torn, desk.order(what=JobKind.WIPE, card_id=card.id))).state is JobState.DONE
    assert desk.issued().card_id == card.id


# --- Views ----------------------------------------------------------------------------------------


def test_open_work_is_found_by_its_card(desk: Desk) -> None:
    job = desk.plan()
    with desk.compound.store.read() as conn:
        assert encode_jobs.open_for_uid(conn, UID) == encode_jobs.get(conn, job.id)
        assert encode_jobs.open_for_uid(conn, OTHER_UID) is None
        assert [found.id for found in encode_jobs.list_jobs(conn)] == [job.id]
        with pytest.raises(NotFoundError):
            encode_jobs.get(conn, "nowhere")
    desk.write(job)
    with desk.compound.store.read() as conn:
        assert encode_jobs.list_jobs(conn) == []
        assert len(encode_jobs.list_jobs(conn, only_open=False)) == 1


def test_a_step_that_is_not_there_is_refused(desk: Desk) -> None:
    job = desk.plan()
    desk.begin(job)
    with pytest.raises(MalformedError):
        desk.mark(job, STEPS)


def test_a_number_is_never_zero_and_never_given_twice(desk: Desk) -> None:
    taken = encode_jobs.plan_of(desk.issued()).data.number
    drawn = iter([bytes(8), taken, bytes.fromhex("00000000000000AA"), bytes(15) + b"\x01"])
    desk.random = lambda _size: next(drawn)
    assert encode_jobs.plan_of(desk.plan(blank(OTHER_UID))).data.number == bytes.fromhex("00000000000000AA")


def test_the_household_sees_a_card_that_is_being_written(desk: Desk) -> None:
    desk.plan()
    with desk.compound.store.read() as conn:
        rows = conn.execute(select(cards_table.c.state)).scalars().all()
        sheet = household.household(conn, desk.compound.unit)
    assert rows == ["reserved"]
    assert [card.state for card in sheet.cards] == [CardState.RESERVED]


def test_a_desk_lets_go_of_what_it_has_not_begun(desk: Desk) -> None:
    job = desk.plan()
    desk.take(job)
    with desk.compound.desk() as uow:
        encode_jobs.leave(uow, job.id, DESK)
    assert other(desk).take(job).encoder == "desk-2"
