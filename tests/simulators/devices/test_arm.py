"""The simulated barrier moves as a real one, by a clock that the test turns."""

import pytest

from drivers.modbus_barrier.protocol.map import FLASH_ON, OFF, ON, Coil, Input
from simulators.devices.arm import BarrierPhysics
from simulators.devices.outputs import Recorder


def test_a_flash_falls_off_in_the_board() -> None:
    """300 ms after the command the relay is off, though nobody wrote it; the arm goes on to its limit."""
    arm = BarrierPhysics(travel_s=2.0)
    arm.write(FLASH_ON + Coil.OPEN, 3, 0.0)
    arm.step(0.2)
    assert arm.relays[Coil.OPEN]
    arm.step(0.31)
    assert not arm.relays[Coil.OPEN]
    assert not arm.bits(1.9)[Input.OPEN_LIMIT]
    assert arm.bits(2.1)[Input.OPEN_LIMIT]


def test_a_closing_arm_goes_up_when_something_is_under_it() -> None:
    """The board's own anti-crush, without the gateway."""
    arm = BarrierPhysics(travel_s=2.0, position=1.0, goal=1.0)
    arm.write(FLASH_ON + Coil.CLOSE, 5, 0.0)
    arm.step(1.0)
    arm.inputs[Input.LOOP_UNDER] = True
    assert arm.bits(3.0)[Input.OPEN_LIMIT]


def test_stop_and_hold() -> None:
    """A stop leaves the arm where it is; while held, a close does nothing."""
    arm = BarrierPhysics(travel_s=2.0)
    arm.write(FLASH_ON + Coil.OPEN, 5, 0.0)
    arm.write(FLASH_ON + Coil.STOP, 5, 1.0)
    assert arm.position == pytest.approx(0.5)
    arm.step(5.0)
    assert arm.position == pytest.approx(0.5)
    arm.write(Coil.HOLD, ON, 6.0)
    arm.write(FLASH_ON + Coil.CLOSE, 5, 9.0)
    assert arm.bits(12.0)[Input.OPEN_LIMIT]
    arm.write(Coil.HOLD, OFF, 13.0)
    assert arm.bits(20.0)[Input.OPEN_LIMIT]


@pytest.mark.parametrize(("address", "value"), [(4, ON), (0, 7), (FLASH_ON + 4, 5)])
def test_unknown_coils_are_refused(address: int, value: int) -> None:
    """As the board answers with an exception."""
    with pytest.raises(ValueError, match=str(address)):
        BarrierPhysics().write(address, value, 0.0)


def test_the_recorder_tells_who_moved() -> None:
    """Silent until something was written."""
    recorder = Recorder(clock=lambda: 5.0)
    recorder.assert_silent()
    recorder.wrote(0, ON)
    with pytest.raises(AssertionError, match="without a command"):
        recorder.assert_silent()
