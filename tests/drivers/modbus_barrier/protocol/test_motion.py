"""Inputs become a reading, and a reading allows or forbids a motion."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus_barrier.protocol.map import Input
from drivers.modbus_barrier.protocol.motion import Arm, Goal
from gateway.ports import BarrierState, DeviceRefusedError


def bits(*on: Input) -> list[bool]:
    return [i in on for i in Input]


def closes(arm: Arm) -> bool:
    try:
        return arm.may_close()
    except DeviceRefusedError:
        return False


@pytest.mark.parametrize("inputs", list(itertools.product([False, True], repeat=8)))
def test_every_combination_of_inputs(inputs: tuple[bool, ...]) -> None:
    """All 256: contradictory limits or a fault forbid any motion, an occupied sensor or a fire forbids closing."""
    arm = Arm("west", 5.0)
    reading = arm.inputs(inputs, 0.0)
    opened, closed, before, under, beam, fire, manual, fault = inputs
    broken = fault or (opened and closed)
    assert (reading.state is BarrierState.FAULT) == broken
    assert (reading.loop_before, reading.loop_under, reading.beam) == (before, under, beam)
    assert (reading.fire, reading.manual) == (fire, manual)
    assert closes(arm) == (not broken and not (before or under or beam or fire) and not closed)
    if broken:
        with pytest.raises(DeviceRefusedError):
            arm.may_open()
    else:
        assert arm.may_open() == (not opened)


def test_unknown_is_occupied() -> None:
    """Before the first answer, and after the board was lost, nothing may be lowered."""
    arm = Arm("west", 5.0)
    assert not closes(arm)
    arm.inputs(bits(Input.OPEN_LIMIT), 0.0)
    assert closes(arm)
    arm.lost()
    assert not closes(arm)


def test_open_while_opening_is_success_without_a_pulse() -> None:
    """The limit switch, not the command, says that the arm is open."""
    arm = Arm("west", 5.0)
    arm.inputs(bits(Input.CLOSED_LIMIT), 0.0)
    arm.sent(Goal.OPEN, 0.0)
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 0.1).state is BarrierState.OPENING
    assert not arm.may_open()
    assert arm.inputs(bits(Input.OPEN_LIMIT), 2.0).state is BarrierState.OPEN
    assert not arm.may_open()


def test_a_motion_that_does_not_arrive_is_a_fault_and_tried_once_more() -> None:
    """The second miss ends it until a person pressed stop."""
    arm = Arm("west", 5.0)
    for _ in range(2):
        arm.inputs(bits(Input.CLOSED_LIMIT), 0.0)
        assert arm.may_open()
        arm.sent(Goal.OPEN, 0.0)
        assert arm.inputs(bits(Input.CLOSED_LIMIT), 5.1).state is BarrierState.FAULT
    with pytest.raises(DeviceRefusedError):
        arm.may_open()
    arm.stopped()
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 6.0).state is BarrierState.CLOSED
    assert arm.may_open()


def test_two_obstructions_need_a_person() -> None:
    """The third close is refused until stop was pressed."""
    arm = Arm("west", 5.0)
    for at in (0.0, 10.0):
        arm.inputs(bits(Input.OPEN_LIMIT), at)
        assert arm.may_close()
        arm.sent(Goal.CLOSED, at)
        arm.inputs(bits(Input.BEAM), at + 1)
    arm.inputs(bits(Input.OPEN_LIMIT), 20.0)
    with pytest.raises(DeviceRefusedError, match="press stop"):
        arm.may_close()
    arm.stopped()
    assert arm.may_close()


@given(
    st.lists(st.tuples(st.lists(st.booleans(), min_size=8, max_size=8), st.sampled_from(["", "open", "close", "lost"])))
)
def test_never_closes_onto_something(steps: list[tuple[list[bool], str]]) -> None:
    """Whatever happened before, a close is allowed only over free, known sensors and sound limits."""
    arm = Arm("west", 5.0)
    for at, (inputs, command) in enumerate(steps):
        reading = arm.lost() if command == "lost" else arm.inputs(inputs, float(at))
        if command == "open":
            try:
                arm.may_open()
            except DeviceRefusedError:
                continue
            arm.sent(Goal.OPEN, float(at))
        elif command == "close" and closes(arm):
            assert (reading.loop_before, reading.loop_under, reading.beam) == (False, False, False)
            assert not (inputs[Input.OPEN_LIMIT] and inputs[Input.CLOSED_LIMIT])
            assert not inputs[Input.FAULT]
            arm.sent(Goal.CLOSED, float(at))
