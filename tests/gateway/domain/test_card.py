"""The life cycle of a card: every state against every event."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.card import HELD, TRANSITIONS, CardEvent, CardState, events_from, next_state
from gateway.domain.errors import RuleViolationError

S = CardState

# Written out once more, event by event and independently of the table: where each may start, and where it leads.
ALLOWED: dict[CardEvent, tuple[set[CardState], CardState]] = {
    CardEvent.RESERVE: ({S.BLANK}, S.RESERVED),
    CardEvent.RELEASE: ({S.RESERVED}, S.BLANK),
    CardEvent.ENCODE: ({S.RESERVED}, S.ENCODED),
    CardEvent.ACTIVATE: ({S.ENCODED}, S.ACTIVE),
    CardEvent.FREEZE: ({S.ACTIVE}, S.FROZEN),
    CardEvent.UNFREEZE: ({S.FROZEN}, S.ACTIVE),
    CardEvent.REPORT_LOSS: ({S.ACTIVE, S.FROZEN, S.EXPIRED}, S.PROVISIONAL_LOST),
    CardEvent.CONFIRM_LOSS: ({S.PROVISIONAL_LOST}, S.LOST),
    CardEvent.WITHDRAW_LOSS: ({S.PROVISIONAL_LOST, S.LOST}, S.ACTIVE),
    CardEvent.EXPIRE: ({S.ACTIVE}, S.EXPIRED),
    CardEvent.RENEW: ({S.ACTIVE, S.EXPIRED}, S.ACTIVE),
    CardEvent.RETURN: ({S.ACTIVE, S.EXPIRED, S.FROZEN}, S.RETURNED),
    CardEvent.REPORT_DEFECT: ({S.ACTIVE}, S.DEFECTIVE),
    CardEvent.EXCHANGE: ({S.DEFECTIVE}, S.EXCHANGED),
    CardEvent.CONFISCATE: ({S.ACTIVE, S.FROZEN, S.EXPIRED, S.PROVISIONAL_LOST, S.LOST}, S.CONFISCATED),
    CardEvent.RESTORE: ({S.CONFISCATED}, S.ACTIVE),
    CardEvent.CANCEL: (
        {S.ENCODED, S.PROVISIONAL_LOST, S.LOST, S.RETURNED, S.DEFECTIVE, S.CONFISCATED, S.ACTIVE, S.FROZEN, S.EXPIRED},
        S.CANCELLED,
    ),
    CardEvent.RECOVER: ({S.CANCELLED}, S.BLANK),
    CardEvent.SCRAP: ({S.BLANK, S.EXCHANGED, S.CANCELLED}, S.SCRAPPED),
}


@pytest.mark.parametrize("event", CardEvent)
@pytest.mark.parametrize("state", CardState)
def test_every_cell(state: CardState, event: CardEvent) -> None:
    """An event leads where it should, or is refused in a sentence that names card, state and rule."""
    starts, end = ALLOWED[event]
    if state in starts:
        assert next_state(state, event) is end
        assert event in events_from(state)
        return
    with pytest.raises(RuleViolationError, match=f"Card K-7 is {state}") as refused:
        next_state(state, event, number="K-7")
    assert refused.value.rule.startswith("R-CARD-")
    assert event not in events_from(state)


def test_a_card_is_written_before_it_opens_anything() -> None:
    """From stock, the only way to ``active`` leads through ``encoded`` (R-CARD-11)."""
    into_active = {state for (state, _event), end in TRANSITIONS.items() if end is S.ACTIVE and state is not S.ACTIVE}
    assert not into_active & {S.BLANK, S.RESERVED}
    assert not any(end is S.ENCODED for (state, _event), end in TRANSITIONS.items() if state is not S.RESERVED)


def test_scrap_is_the_end() -> None:
    """Nothing can be done with a scrapped card, and every other state has a way to it."""
    assert events_from(S.SCRAPPED) == []
    reaching = {S.SCRAPPED}
    for _ in CardState:
        reaching |= {state for (state, _event), end in TRANSITIONS.items() if end in reaching}
    assert reaching == set(CardState)


def test_held_cards_keep_their_uid() -> None:
    """A card is free for someone else only in stock or after its end (R-CARD-12)."""
    assert set(CardState) - HELD == {S.BLANK, S.CANCELLED, S.SCRAPPED, S.EXCHANGED}


@given(st.lists(st.sampled_from(CardEvent), max_size=12))
def test_a_free_card_comes_back_only_through_stock(events: list[CardEvent]) -> None:
    """Whatever is tried: once a card is no longer held, only a new reservation makes it held again."""
    state = S.ACTIVE
    for event in events:
        try:
            after = next_state(state, event)
        except RuleViolationError:
            continue
        assert not (state not in HELD and after in HELD) or event is CardEvent.RESERVE
        state = after


def test_every_event_is_known_here() -> None:
    """A new event must be written down in this test, too."""
    assert set(ALLOWED) == set(CardEvent)
    pairs = set(itertools.chain.from_iterable(((s, e) for s in starts) for e, (starts, _end) in ALLOWED.items()))
    assert pairs == set(TRANSITIONS)
