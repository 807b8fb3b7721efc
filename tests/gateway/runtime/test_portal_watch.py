"""What the inputs of a portal mean: passed, tailgated, forced, held open, stuck."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.decision import PortalMode
from gateway.ports import BarrierReading, BarrierState
from gateway.runtime.portal_watch import PortalWatch

CLOSED = BarrierReading(BarrierState.CLOSED, loop_under=False)
OPEN = BarrierReading(BarrierState.OPEN, loop_under=False)
UNDER = BarrierReading(BarrierState.OPEN, loop_under=True)
NORMAL = PortalMode.NORMAL


def _kinds(watch: PortalWatch, *steps: tuple[float, BarrierReading], mode: PortalMode = NORMAL) -> list[str]:
    return [happening.kind for now, reading in steps for happening in watch.feed(reading, mode, now)]


def test_a_car_passes() -> None:
    """On a grant the arm rises, the loop sees one car, the arm falls: one passage."""
    watch = PortalWatch()
    watch.feed(CLOSED, NORMAL, 0)
    watch.commanded(1)
    assert _kinds(watch, (2, OPEN), (3, UNDER), (5, OPEN), (8, CLOSED)) == ["passed"]


def test_a_second_car_on_one_grant_is_seen() -> None:
    """The first passed, the second tailgated."""
    watch = PortalWatch()
    watch.commanded(0)
    assert _kinds(watch, (1, UNDER), (3, OPEN), (4, UNDER), (6, OPEN)) == ["passed", "tailgated"]


def test_chatter_is_no_car() -> None:
    """Pulses below 400 ms are the loop's own noise."""
    assert _kinds(PortalWatch(), (1, UNDER), (1.3, OPEN), (1.4, UNDER), (1.6, OPEN)) == []


@pytest.mark.parametrize(
    ("reading", "mode", "expected"),
    [
        (OPEN, NORMAL, ["forced"]),
        (OPEN, PortalMode.HELD_OPEN, []),
        (BarrierReading(BarrierState.OPENING, loop_under=False, manual=True), NORMAL, ["manual"]),
        (BarrierReading(BarrierState.OPEN, loop_under=False, fire=True), NORMAL, ["fire"]),
    ],
)
def test_an_arm_that_moves_by_itself(reading: BarrierReading, mode: PortalMode, expected: list[str]) -> None:
    """Is forced, unless the mode, a button or the fire input says why."""
    watch = PortalWatch()
    watch.feed(CLOSED, mode, 0)
    assert _kinds(watch, (100, reading), mode=mode) == expected


def test_the_first_reading_is_not_judged() -> None:
    """A gateway that starts beside an open arm accuses nobody."""
    assert _kinds(PortalWatch(), (0, OPEN)) == []


def test_held_open_too_long_is_told_once() -> None:
    """And again only after the arm was down."""
    watch = PortalWatch()
    watch.feed(OPEN, NORMAL, 0)
    assert [len(watch.tick(NORMAL, 30, now)) for now in (29, 30, 31, 500)] == [0, 1, 0, 0]
    watch.feed(CLOSED, NORMAL, 501)
    watch.commanded(501)
    watch.feed(OPEN, NORMAL, 502)
    assert [happening.kind for happening in watch.tick(NORMAL, 30, 540)] == ["held_open"]
    assert watch.tick(PortalMode.HELD_OPEN, 30, 10_000) == []


def test_stuck_loop_is_told_once() -> None:
    """After five minutes."""
    watch = PortalWatch()
    watch.feed(BarrierReading(BarrierState.CLOSED, loop_under=True), NORMAL, 0)
    assert [h.kind for now in (299, 300, 301) for h in watch.tick(NORMAL, 30, now)] == ["loop_stuck"]


def test_fault_is_told_at_its_start() -> None:
    """Contradicting limit switches come from the driver as a fault."""
    fault = BarrierReading(BarrierState.FAULT)
    assert _kinds(PortalWatch(), (0, CLOSED), (1, fault), (2, fault), (3, CLOSED), (4, fault)) == ["fault", "fault"]


_readings = st.builds(
    BarrierReading,
    st.sampled_from(BarrierState),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
)


@given(st.lists(st.tuples(st.floats(0.01, 50), _readings), max_size=30))
def test_cars_are_never_counted_without_a_full_pulse(steps: list[tuple[float, BarrierReading]]) -> None:
    """Any pulse train: a passage needs the loop on for 400 ms and then known to be off."""
    watch, now, passes, pulses = PortalWatch(), 0.0, 0, 0
    on_since: float | None = None
    for pause, reading in steps:
        now += pause
        passes += sum(h.kind in {"passed", "tailgated"} for h in watch.feed(reading, NORMAL, now))
        if reading.loop_under:
            on_since = now if on_since is None else on_since
        else:
            pulses += on_since is not None and reading.loop_under is False and now - on_since >= 0.4
            on_since = None
    assert passes == pulses
