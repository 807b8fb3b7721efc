"""Who may pass: every reason, its weight against the others, and what modes and stale lists change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.decision import Denied, Direction, Granted, PortalMode, PortalPolicy, Reason, StalePolicy, decide
from gateway.domain.schedule import Calendar, Schedule
from gateway.domain.whitelist import EXIT_ONLY, NO_END, Entry, Terms, Whitelist

NOW = 1_760_000_000
KEY, STRANGER = b"\1" * 8, b"\2" * 8
NEVER = Schedule(((),) * 7)
CALENDAR = Calendar(schedules={1: NEVER})
DAY = 24 * 3600

VALID = Terms(NOW - 10, NOW + 10)
OLD = Terms(NOW - 20, NOW)
FUTURE = Terms(NOW + 1, NO_END)
AT_NIGHT = Terms(0, NO_END, 1)
OUT_ONLY = Terms(0, NO_END, 0, EXIT_ONLY)


def _list(terms: Terms | None, *, fresh_until: int | None = None) -> Whitelist:
    held = Whitelist([] if terms is None else [Entry(KEY, terms)], epoch=3, version=8)
    held.fresh_until = fresh_until
    return held


def _policy(*lists: str, direction: Direction = Direction.IN, mode: PortalMode = PortalMode.NORMAL) -> PortalPolicy:
    return PortalPolicy("gate", direction, lists, mode)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (None, Reason.UNKNOWN),
        (OLD, Reason.EXPIRED),
        (FUTURE, Reason.NOT_YET_VALID),
        (AT_NIGHT, Reason.OUTSIDE_SCHEDULE),
        (OUT_ONLY, Reason.EXIT_ONLY),
    ],
)
def test_every_refusal_has_its_reason(terms: Terms | None, reason: Reason) -> None:
    """And names the list, its version and the entry it rests on."""
    decision = decide(_policy("main"), {"main": _list(terms)}, CALENDAR, KEY, NOW)
    assert decision == Denied(reason, "main", 3, 8, terms)
    assert not decision.granted


@pytest.mark.parametrize("terms", [VALID, Terms(NOW, NOW + 1), Terms(0, NO_END)])
def test_a_valid_entry_admits(terms: Terms) -> None:
    """From its first second to its last; 0xFFFFFFFF has no last."""
    decision = decide(_policy("main"), {"main": _list(terms)}, CALENDAR, KEY, NOW)
    assert decision == Granted("main", 3, 8, terms)
    assert decision.granted


def test_no_end_is_no_end() -> None:
    """Even in the year 2106, when four bytes of seconds are full."""
    assert decide(_policy("main"), {"main": _list(Terms(0, NO_END))}, CALENDAR, KEY, NO_END + 5).granted


def test_exit_only_may_leave() -> None:
    """The restriction is on entry."""
    policy = _policy("main", direction=Direction.OUT)
    assert decide(policy, {"main": _list(OUT_ONLY)}, CALENDAR, KEY, NOW).granted


def test_without_a_list_nobody_is_known() -> None:
    """No list at the portal, or one that is not loaded."""
    assert decide(_policy(), {"main": _list(VALID)}, CALENDAR, KEY, NOW) == Denied(Reason.NO_LIST)
    assert decide(_policy("main"), {}, CALENDAR, KEY, NOW) == Denied(Reason.NO_LIST)


def test_any_list_may_grant() -> None:
    """The others' refusals do not matter then."""
    lists = {"a": _list(OLD), "b": _list(VALID), "c": _list(None)}
    assert decide(_policy("a", "b", "c"), lists, CALENDAR, KEY, NOW) == Granted("b", 3, 8, VALID)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
@pytest.mark.parametrize(
    ("less", "more", "reason"),
    [
        (None, OLD, Reason.EXPIRED),
        (OLD, FUTURE, Reason.NOT_YET_VALID),
        (FUTURE, AT_NIGHT, Reason.OUTSIDE_SCHEDULE),
        (AT_NIGHT, OUT_ONLY, Reason.EXIT_ONLY),
    ],
)
def test_the_reason_that_says_most_wins(
    order: tuple[str, str], less: Terms | None, more: Terms, reason: Reason
) -> None:
    """Whatever the order of the portal's lists."""
    lists = {"a": _list(less), "b": _list(more)}
    decision = decide(_policy(*order), lists, CALENDAR, KEY, NOW)
    assert isinstance(decision, Denied)
    assert (decision.reason, decision.list) == (reason, "b")


def test_a_lock_out_denies_entry_and_never_exit() -> None:
    """It locks nobody in."""
    lists = {"main": _list(VALID)}
    entry = _policy("main", mode=PortalMode.LOCKED_OUT)
    leaving = _policy("main", mode=PortalMode.LOCKED_OUT, direction=Direction.OUT)
    assert decide(entry, lists, CALENDAR, KEY, NOW) == Denied(Reason.LOCKED_OUT)
    assert decide(leaving, lists, CALENDAR, KEY, NOW).granted


@pytest.mark.parametrize(
    ("stale", "age_s", "granted"),
    [
        (StalePolicy.DENY, -1, True),
        (StalePolicy.DENY, 0, False),
        (StalePolicy.HOLD, 0, True),
        (StalePolicy.HOLD, DAY - 1, True),
        (StalePolicy.HOLD, DAY, False),
    ],
)
def test_a_stale_list(stale: StalePolicy, age_s: int, *, granted: bool) -> None:
    """``deny`` at once; ``hold`` until the grace is over. Age counts from the moment it went stale."""
    policy = PortalPolicy("gate", Direction.IN, ("main",), stale=stale, offline_grace_s=DAY)
    lists = {"main": _list(Terms(0, NO_END), fresh_until=NOW - age_s)}
    decision = decide(policy, lists, CALENDAR, KEY, NOW)
    assert decision.granted is granted
    if isinstance(decision, Denied):
        assert decision.reason is Reason.LIST_STALE


entries = st.builds(
    Terms, st.integers(0, 20), st.integers(0, 20) | st.just(NO_END), st.sampled_from([0, 1, 9]), st.integers(0, 7)
)


@given(
    st.lists(st.none() | entries, max_size=3),
    st.sampled_from(Direction),
    st.sampled_from(PortalMode),
    st.integers(0, 25),
)
def test_nobody_passes_without_an_entry_that_says_so(
    held: list[Terms | None], direction: Direction, mode: PortalMode, at: int
) -> None:
    """A grant always rests on an entry in force, with an open schedule, that allows this direction."""
    lists = {f"l{n}": _list(terms) for n, terms in enumerate(held)}
    decision = decide(_policy(*lists, direction=direction, mode=mode), lists, CALENDAR, KEY, at)
    locked = mode is PortalMode.LOCKED_OUT and direction is Direction.IN
    fitting = [
        t
        for t in held
        if t
        and t.valid_from <= at
        and (at < t.valid_until or t.valid_until == NO_END)
        and t.schedule == 0
        and not (t.flags & EXIT_ONLY and direction is Direction.IN)
    ]
    assert decision.granted == (bool(fitting) and not locked)
    assert not decide(_policy(*lists, direction=direction), lists, CALENDAR, STRANGER, at).granted
