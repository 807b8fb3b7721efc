"""A card that lets nobody write on it is nobody's, and no key is tried on it a second time."""

import pytest

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.errors import ConflictError
from gateway.ports.cards import CardLockedError, FoundCard, FoundState
from gateway.services import encode_jobs
from tests.gateway.services.encode_stage import Desk, other
from tests.gateway.services.small_compound import Compound, uid

LOCKED = CardLockedError("Only %(left)s tries are left.", left=2)


def found(number: int, kind: CardKind = CardKind.FMCOS) -> FoundCard:
    return FoundCard(uid(number), kind, FoundState.BLANK)


def refuse(desk: Desk, job: encode_jobs.JobView) -> encode_jobs.JobView:
    desk.begin(job)
    with desk.compound.desk(desk.actor) as uow:
        return encode_jobs.refused(uow, job.id, desk.encoder, LOCKED)


def test_everything_is_as_before(compound: Compound) -> None:
    """The reservation is gone, the quota free, and the story says why."""
    desk = Desk(compound)
    job = refuse(desk, desk.plan(found(1)))
    assert (job.state, job.card_id) == (JobState.CANCELLED, None)
    assert job.why == {"template": "Only %(left)s tries are left.", "params": {"left": "2"}}
    assert not compound.opens(uid(1))


def test_it_is_not_tried_again(compound: Compound) -> None:
    """At any desk; another card is."""
    desk = Desk(compound)
    refuse(desk, desk.plan(found(1)))
    with pytest.raises(ConflictError, match="Only 2 tries"):
        other(desk).plan(found(1))
    assert desk.write(desk.plan(found(2))).state is JobState.ACTIVE


def test_a_kind_that_shows_whose_it_is_may_come_again(compound: Compound) -> None:
    """A DESFire card that was freed elsewhere looks blank because it is."""
    desk = Desk(compound)
    refuse(desk, desk.plan(found(1, CardKind.DESFIRE_EV2)))
    assert desk.write(desk.plan(found(1, CardKind.DESFIRE_EV2))).state is JobState.ACTIVE


def test_a_card_in_use_is_never_let_go(compound: Compound) -> None:
    """Writing anew that is refused has to be finished or given up by a person."""
    desk = Desk(compound)
    done = desk.issued(found(1))
    ours = FoundCard(uid(1), CardKind.FMCOS, FoundState.OURS, encode_jobs.plan_of(done).data, 1)
    job = desk.plan(ours, encode_jobs.Order(JobKind.REENCODE, card_id=done.card_id))
    with pytest.raises(ConflictError):
        refuse(desk, job)
    assert desk.job(job).state is JobState.WRITING
