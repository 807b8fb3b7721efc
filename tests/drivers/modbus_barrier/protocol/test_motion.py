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
        assert arm.may_open()


def test_unknown_is_occupied() -> None:
    """Before the first answer, and after the board was lost, nothing may be lowered."""
    arm = Arm("west", 5.0)
    assert not closes(arm)
    arm.inputs(bits(Input.OPEN_LIMIT), 0.0)
    assert closes(arm)
    arm.lost()
    assert not closes(arm)


def test_each_opening_is_a_pulse_unless_held() -> None:
    """An arm that is open or on its way may be lowered by its board the next moment: the next car asks anew."""
    arm = Arm("west", 5.0)
    arm.inputs(bits(Input.CLOSED_LIMIT), 0.0)
    arm.sent(Goal.OPEN, 0.0)
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 0.1).state is BarrierState.OPENING
    assert arm.may_open()
    assert arm.inputs(bits(Input.OPEN_LIMIT), 2.0).state is BarrierState.OPEN
    assert arm.may_open()
    arm.held = True
    assert arm.inputs(bits(Input.OPEN_LIMIT), 3.0).state is BarrierState.HELD_OPEN
    assert not arm.may_open()


def test_an_arm_its_board_lowered_unseen_is_not_stuck() -> None:
    """It left the closed limit and came back between two looks: no fault, however often, and open still opens."""
    arm = Arm("west", 5.0)
    for at in (0.0, 10.0, 20.0):
        assert arm.inputs(bits(Input.CLOSED_LIMIT), at).state is BarrierState.CLOSED
        assert arm.may_open()
        arm.sent(Goal.OPEN, at)
        assert arm.inputs(bits(), at + 1).state is BarrierState.OPENING
        assert arm.inputs(bits(Input.CLOSED_LIMIT), at + 3).state is BarrierState.CLOSED
        assert arm.inputs(bits(Input.CLOSED_LIMIT), at + 6).state is BarrierState.CLOSED
        assert not arm.stuck


def test_an_arm_that_was_open_already_is_not_stuck_when_its_board_lowers_it() -> None:
    """A pulse while open is a passage; the board may lower the arm behind it before we look again."""
    arm = Arm("west", 5.0)
    arm.inputs(bits(Input.OPEN_LIMIT), 0.0)
    arm.sent(Goal.OPEN, 0.0)
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 0.1).state is BarrierState.CLOSED
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 6.0).state is BarrierState.CLOSED
    assert not arm.stuck


def test_an_arm_that_goes_on_down_after_an_open_is_waited_for() -> None:
    """Sent up while coming down, it touches the closed limit: it is expected to rise, and alarmed when it does not."""
    arm = Arm("west", 5.0)
    arm.inputs(bits(), 0.0)
    arm.sent(Goal.OPEN, 0.0)
    arm.inputs(bits(), 0.1)
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 1.0).state is BarrierState.OPENING
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 5.1).state is BarrierState.FAULT
    assert arm.stuck


def test_a_motion_that_does_not_arrive_is_a_fault_that_locks_nobody_out() -> None:
    """A fault until it arrives or a person pressed stop; after two a lowering is refused, a raising never."""
    arm = Arm("west", 5.0)
    for at in (0.0, 10.0, 20.0):
        arm.inputs(bits(Input.CLOSED_LIMIT), at)
        assert arm.may_open()
        arm.sent(Goal.OPEN, at)
        assert arm.inputs(bits(Input.CLOSED_LIMIT), at + 5.1).state is BarrierState.FAULT
    assert not closes(arm)
    assert arm.may_open()
    arm.stopped()
    assert arm.inputs(bits(Input.CLOSED_LIMIT), 26.0).state is BarrierState.CLOSED


def test_a_stuck_arm_with_a_real_fault_does_not_move() -> None:
    """Having been stuck does not excuse contradictory limit switches."""
    arm = Arm("west", 5.0)
    arm.inputs(bits(Input.CLOSED_LIMIT), 0.0)
    arm.sent(Goal.OPEN, 0.0)
    arm.inputs(bits(Input.CLOSED_LIMIT), 5.1)
    arm.inputs(bits(Input.CLOSED_LIMIT, Input.OPEN_LIMIT), 6.0)
    with pytest.raises(DeviceRefusedError):
        arm.may_open()
    assert not closes(arm)


def test_a_lowering_that_turns_back_met_something() -> None:
    """The board felt what no sensor saw: twice, and a person must look."""
    arm = Arm("west", 5.0)
    for at in (0.0, 10.0):
        arm.inputs(bits(Input.OPEN_LIMIT), at)
        assert arm.may_close()
        arm.sent(Goal.CLOSED, at)
        arm.inputs(bits(), at + 1)
        assert arm.inputs(bits(Input.OPEN_LIMIT), at + 2).state is BarrierState.OPEN
    with pytest.raises(DeviceRefusedError, match="press stop"):
        arm.may_close()


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
