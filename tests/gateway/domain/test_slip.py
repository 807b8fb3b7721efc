"""A slip is issued only after consent, never twice, and judged alike on both sides of each boundary."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError, RuleViolationError
from gateway.domain.slip import (
    TRANSITIONS,
    ConsentMethod,
    Item,
    SlipClaims,
    SlipEvent,
    SlipState,
    Standing,
    check_items,
    next_state,
    standing_of,
)

CLAIMS = SlipClaims(
    site=7,
    slip_no=1,
    rev=0,
    flags=0,
    iat_min=100,
    ttl_min=60,
    gates=frozenset({0}),
    home=0,
    unit=None,
    plate=None,
    consent=ConsentMethod.APP,
    consent_min_before=0,
    items=1,
    total_qty=1,
    items_digest=bytes(16),
)
LAST = {SlipState.OWNER_REFUSED, SlipState.SUPERSEDED, SlipState.CANCELLED}


@given(st.lists(st.sampled_from(SlipEvent), max_size=30))
def test_life(events: list[SlipEvent]) -> None:
    """Whatever is tried: issued at most once, only after consent, and the ends are ends."""
    state, story = SlipState.DRAFT, [SlipState.DRAFT]
    for event in events:
        if (state, event) not in TRANSITIONS:
            with pytest.raises(RuleViolationError, match="Slip 1 is"):
                next_state(state, event, slip_no=1)
            continue
        state = next_state(state, event, slip_no=1)
        assert story[-1] not in LAST
        story.append(state)
    assert story.count(SlipState.ISSUED) <= 1
    if SlipState.ISSUED in story:
        assert story[story.index(SlipState.ISSUED) - 1] is SlipState.OWNER_CONFIRMED
    assert len(set(story)) == len(story)


def test_every_state_is_reached() -> None:
    """No state is only a name."""
    assert {SlipState.DRAFT, *TRANSITIONS.values()} == set(SlipState)
    assert {state for state in SlipState if not any(state is before for before, _ in TRANSITIONS)} == LAST


@pytest.mark.parametrize(
    ("released", "expired", "standing"),
    [
        (0, False, Standing.ISSUED),
        (1, False, Standing.PARTLY_RELEASED),
        (3, False, Standing.RELEASED),
        (0, True, Standing.EXPIRED),
        (1, True, Standing.EXPIRED_PARTLY_RELEASED),
        (3, True, Standing.RELEASED),
    ],
)
def test_standing(released: int, *, expired: bool, standing: Standing) -> None:
    """An issued slip stands by what has left of its three pieces and by the time."""
    assert standing_of(SlipState.ISSUED, total=3, released=released, expired=expired) is standing


@pytest.mark.parametrize("state", [state for state in SlipState if state is not SlipState.ISSUED])
def test_standing_of_the_others(state: SlipState) -> None:
    """A slip that is not issued neither expires nor is released."""
    plain = standing_of(state, total=1, released=0, expired=False)
    assert plain is standing_of(state, total=1, released=1, expired=True)
    assert plain not in {Standing.RELEASED, Standing.EXPIRED, Standing.ISSUED}


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([Item(line, "纸箱", 1) for line in range(1, 42)], "items"),
        ([Item(2, "纸箱", 1)], "items.0.line"),
        ([Item(1, " ", 1)], "items.0.name"),
        ([Item(1, "x" * 61, 1)], "items.0.name"),
        ([Item(1, "纸箱", 0)], "items.0.qty"),
        ([Item(1, "纸箱", 10_000)], "items.0.qty"),
        ([Item(1, "纸箱", 1, "")], "items.0.unit"),
    ],
)
def test_incomplete_list(items: list[Item], field: str) -> None:
    """Every gap in the list is named (R-SLIP-5)."""
    with pytest.raises(RuleViolationError) as refused:
        check_items(items)
    assert refused.value.rule == "R-SLIP-5"
    assert field in refused.value.fields


def test_complete_list() -> None:
    """Forty full lines are a list."""
    check_items([Item(line, "x" * 60, 9999) for line in range(1, 41)])


def test_claims_within_bounds() -> None:
    """Posts are numbered 0 to 31, a digest has 16 bytes."""
    assert replace(CLAIMS, home=31, gates=frozenset(range(32))).home == 31
    wrongs: list[dict[str, Any]] = [{"home": 32}, {"gates": frozenset({32})}, {"items_digest": bytes(15)}]
    for wrong in wrongs:
        with pytest.raises(MalformedError):
            replace(CLAIMS, **wrong)
