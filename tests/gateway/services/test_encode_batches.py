"""On a handover day one card follows the other: the list is checked as a whole, then each card finds its row."""

import pytest

from gateway.domain.card import CardState
from gateway.domain.encode_job import LEASE_S, JobState
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.person import Proof
from gateway.services import cards, encode_jobs, site
from gateway.services.cards import Blank
from gateway.services.encode_jobs import BatchRefusedError, BatchRow, BatchView, JobView
from gateway.storage.store import Actor
from tests.gateway.services.encode_stage import TEMPLATES, VERSION, Desk, blank, other
from tests.gateway.services.small_compound import CLERK, SUPERVISOR, Compound, uid


@pytest.fixture
def desk(compound: Compound) -> Desk:
    return Desk(compound)


def row(**changes: object) -> BatchRow:
    """A card for 李娜, changed as told."""
    plain: dict[str, object] = {"unit": "3-1-502", "person": "李娜", "proof": Proof.OWNER_FILE, "receipt": "R1"}
    return BatchRow(**{**plain, **changes})  # type: ignore[arg-type]  # the tests say what differs


def planned(desk: Desk, *rows: BatchRow, actor: Actor = SUPERVISOR) -> BatchView:
    with desk.compound.desk(actor) as uow:
        return encode_jobs.plan_batch(uow, "Handover day", rows, random=desk.random)


def following(desk: Desk, batch: BatchView) -> JobView | None:
    with desk.compound.store.read() as conn:
        now = int(desk.compound.clock.now)
        return encode_jobs.next_in_batch(conn, batch.id, encoder=desk.encoder, now=now)


def lay(desk: Desk, job: JobView, number: int) -> JobView:
    """The next card lies down."""
    with desk.compound.desk(desk.actor) as uow:
        return encode_jobs.bind(uow, job.id, blank(uid(number)), TEMPLATES, VERSION, random=desk.random)


def batch_of(desk: Desk, batch: BatchView) -> BatchView:
    with desk.compound.store.read() as conn:
        return encode_jobs.get_batch(conn, batch.id)


def test_cards_follow_one_another(desk: Desk) -> None:
    batch = planned(desk, *[row(receipt=f"R{n}") for n in range(3)])
    assert (batch.total, batch.issued, batch.closed_at) == (3, 0, None)
    for number in range(3):
        job = following(desk, batch)
        assert job is not None
        assert (job.position, job.holder, job.unit, job.uid) == (number, "李娜", "3-1-502", None)
        desk.write(lay(desk, job, number))
    assert following(desk, batch) is None
    done = batch_of(desk, batch)
    assert (done.issued, done.closed_at) == (3, int(desk.compound.clock.now))
    with desk.compound.store.read() as conn:
        report = encode_jobs.report(conn, batch.id)
        assert encode_jobs.list_batches(conn) == []
    assert [(job.state, job.card) for job in report.jobs] == [(JobState.ACTIVE, f"{n:04d}") for n in (1, 2, 3)]


def test_every_bad_row_is_told_and_nothing_is_planned(desk: Desk) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        planned(
            desk,
            row(),
            row(unit="9-9-999"),
            row(person="王建军"),
            row(receipt=None),
            row(unit="3-1-601", person=desk.compound.li_na),
            row(number="0901"),
            row(number="0901"),
        )
    rows = refused.value.rows
    assert {n: type(error) for n, error in rows.items()} == {
        1: NotFoundError,
        2: NotFoundError,
        3: RuleViolationError,
        4: RuleViolationError,
        6: ConflictError,
    }
    assert "3-1-601 has not been handed over yet" in refused.value.fields["rows.4"]
    assert str(refused.value).startswith("5 of 7 rows cannot be issued")
    with desk.compound.store.read() as conn:
        assert encode_jobs.list_batches(conn) == []
        assert encode_jobs.list_jobs(conn) == []


def test_the_quota_counts_the_rows_before(desk: Desk) -> None:
    """R-CARD-8."""
    with desk.compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=2)
    with pytest.raises(BatchRefusedError) as refused:
        planned(desk, row(), row(), row())
    assert list(refused.value.rows) == [2]


def test_a_place_lost_since_is_told_when_the_card_lies_down(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=1)
    batch = planned(desk, row())
    desk.compound.issue(uid(9))
    job = following(desk, batch)
    assert job is not None
    with pytest.raises(RuleViolationError, match="1 of 1"):
        lay(desk, job, 1)
    assert following(desk, batch) == job


def test_what_a_supervisor_approved_stays_approved(desk: Desk) -> None:
    """A clerk lays the cards down."""
    waived = row(receipt=None, waived=True)
    with pytest.raises(BatchRefusedError):
        planned(desk, waived, actor=CLERK)
    batch = planned(desk, waived)
    job = following(desk, batch)
    assert job is not None
    clerk = other(desk)
    clerk.write(lay(clerk, job, 1))
    with desk.compound.store.read() as conn:
        (card,) = cards.list_cards(conn)
    assert (card.state, card.waived_by) == (CardState.ACTIVE, SUPERVISOR.id)


def test_two_desks_take_different_rows(desk: Desk) -> None:
    batch, second = planned(desk, row(), row()), other(desk)
    first = following(desk, batch)
    assert first is not None
    desk.take(first)
    assert following(desk, batch) == desk.job(first)
    theirs = following(second, batch)
    assert theirs is not None
    assert theirs.position == 1
    desk.compound.clock.step(LEASE_S)
    assert following(second, batch) == desk.job(first)


def test_a_row_has_one_card(desk: Desk) -> None:
    job = following(desk, planned(desk, row()))
    assert job is not None
    lay(desk, job, 1)
    with pytest.raises(ConflictError, match="has its card already"):
        lay(desk, job, 2)


def test_a_printed_number_is_taken_from_stock(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        (stocked,) = cards.stock_in(uow, [Blank("0901")])
    job = following(desk, planned(desk, row(number="0901")))
    assert job is not None
    assert job.card == "0901"
    assert desk.write(lay(desk, job, 1)).card_id == stocked.id


def test_who_is_not_there_comes_last(desk: Desk) -> None:
    batch = planned(desk, row(receipt="A"), row(receipt="B"))
    job = following(desk, batch)
    assert job is not None
    with desk.compound.desk() as uow:
        encode_jobs.skip(uow, job.id, desk.encoder)
    after = following(desk, batch)
    assert after is not None
    assert after.order.receipt == "B"
    desk.write(lay(desk, after, 1))
    again = following(desk, batch)
    assert again is not None
    assert again.id == job.id
    with pytest.raises(ConflictError), desk.compound.desk() as uow:
        encode_jobs.skip(uow, after.id)


def test_the_day_is_over(desk: Desk) -> None:
    """Rows without a card are dropped; a card under way is finished first."""
    batch = planned(desk, row(), row())
    job = following(desk, batch)
    assert job is not None
    lay(desk, job, 1)
    with desk.compound.desk() as uow:
        closed = encode_jobs.close_batch(uow, batch.id)
    assert (closed.counts, closed.closed_at) == ({JobState.PLANNED: 1, JobState.CANCELLED: 1}, None)
    desk.write(job)
    assert batch_of(desk, batch).closed_at is not None


def test_a_batch_has_a_name_and_rows(desk: Desk) -> None:
    for name, rows in (("", [row()]), ("x", []), ("x", [row()] * 501)):
        with pytest.raises(MalformedError), desk.compound.desk() as uow:
            encode_jobs.plan_batch(uow, name, rows)
    with pytest.raises(NotFoundError), desk.compound.store.read() as conn:
        encode_jobs.get_batch(conn, "nowhere")


def test_two_of_one_name_are_told_apart_by_hand(desk: Desk) -> None:
    twin = desk.compound.person("李娜")
    desk.compound.settle(twin)
    with pytest.raises(BatchRefusedError, match="1 of 1 rows") as refused:
        planned(desk, row())
    assert "2 people of the name" in str(refused.value.rows[0])
    assert planned(desk, row(person=twin)).total == 1
