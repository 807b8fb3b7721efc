"""Work on a card goes step by step, and after any failure only the card itself can tell how far it came."""

import pytest

from gateway.domain.encode_job import OPEN, RUNNING, TRANSITIONS, JobEvent, JobState, next_state
from gateway.domain.errors import ConflictError

ENDS = set(JobState) - OPEN


def test_the_way_of_a_card_that_is_written() -> None:
    state = JobState.PLANNED
    for event in (JobEvent.START, JobEvent.MARK, JobEvent.MARK, JobEvent.VERIFY, JobEvent.FINISH):
        state = next_state(state, event)
    assert state is JobState.ACTIVE


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_any_failure_while_it_is_written_leaves_it_unknown(state: JobState) -> None:
    assert next_state(state, JobEvent.FAIL) is JobState.UNKNOWN
    assert next_state(JobState.UNKNOWN, JobEvent.START) is JobState.INTENT


@pytest.mark.parametrize("state", sorted(RUNNING | {JobState.UNKNOWN}))
def test_what_was_begun_is_not_cancelled_but_wiped(state: JobState) -> None:
    assert next_state(state, JobEvent.CANCEL) is JobState.WIPING
    assert next_state(JobState.WIPING, JobEvent.FAIL) is JobState.WIPING
    assert next_state(JobState.WIPING, JobEvent.WIPED) is JobState.DONE


def test_only_a_card_that_was_read_back_becomes_active() -> None:
    assert [start for (start, event) in TRANSITIONS if event is JobEvent.FINISH] == [JobState.VERIFYING]
    assert [start for (start, _), end in TRANSITIONS.items() if end is JobState.ACTIVE] == [JobState.VERIFYING]


@pytest.mark.parametrize("state", sorted(ENDS))
@pytest.mark.parametrize("event", list(JobEvent))
def test_nothing_happens_after_an_end(state: JobState, event: JobEvent) -> None:
    with pytest.raises(ConflictError, match=r"nothing left to do|cancelled"):
        next_state(state, event)


def test_every_state_leads_to_an_end() -> None:
    """From wherever work is left, some way leads out."""
    reached = set(ENDS)
    for _ in JobState:
        reached |= {start for (start, _), end in TRANSITIONS.items() if end in reached}
    assert reached == set(JobState)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_refusal_says_what_to_do(state: JobState) -> None:
    refused = next(event for event in JobEvent if (state, event) not in TRANSITIONS)
    with pytest.raises(ConflictError, match="encoder"):
        next_state(state, refused)
