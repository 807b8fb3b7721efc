"""A wall clock that jumps is not believed; the trusted one goes on."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.runtime.clock import SteadyClock, TimeStep


@dataclass
class Machine:
    """A machine's clocks."""

    wall: float = 1_760_000_000.0
    elapsed: float = 50.0

    def clock(self) -> SteadyClock:
        return SteadyClock(wall=lambda: self.wall, elapsed=lambda: self.elapsed)

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.elapsed += seconds


def test_runs_with_the_machine() -> None:
    """As long as nothing jumps."""
    machine = Machine()
    clock = machine.clock()
    machine.run(86_400)
    assert clock.wall() == machine.wall
    assert not clock.suspect


@given(st.sampled_from([3600.0, -3600.0, 365 * 86_400.0, -365 * 86_400.0, 121.0]))
def test_a_jump_is_told_once_and_not_followed(jump: float) -> None:
    """±1 hour, ±1 year: validity goes on as before."""
    machine, told = Machine(), list[TimeStep]()
    clock = machine.clock()
    clock.on_step(told.append)
    before = clock.wall()
    machine.wall += jump
    machine.run(10)
    assert [clock.wall(), clock.wall()] == [before + 10, before + 10]
    assert told == [TimeStep(before + 10, before + 10 + jump)]
    assert clock.suspect


@given(st.floats(-120, 120))
def test_small_corrections_are_taken(correction: float) -> None:
    """As NTP makes them."""
    machine = Machine()
    clock = machine.clock()
    machine.wall += correction
    assert clock.wall() == machine.wall
    assert not clock.suspect


def test_a_dead_battery_does_not_turn_time_back() -> None:
    """A boot in 1970: time goes on from the last record, and whoever listens later is told at once."""
    machine, told = Machine(wall=0.0), list[TimeStep]()
    clock = machine.clock()
    clock.raise_floor(1_760_000_000.0)
    machine.run(5)
    assert clock.wall() == 1_760_000_005.0
    clock.on_step(told.append)
    assert len(told) == 1


def test_a_floor_in_the_past_changes_nothing() -> None:
    """The usual start."""
    machine = Machine()
    clock = machine.clock()
    clock.raise_floor(machine.wall - 100)
    assert clock.wall() == machine.wall
    assert not clock.suspect


def test_a_clock_without_a_battery_is_believed_once_it_is_set() -> None:
    """It starts in 1970, goes on from the last record, and follows NTP when it comes; a later jump is none."""
    machine = Machine(wall=100.0)
    clock = machine.clock()
    clock.raise_floor(1_760_000_000.0)
    machine.run(10)
    assert clock.wall() == 1_760_000_010.0
    assert clock.suspect
    machine.wall = 1_760_030_000.0
    assert clock.wall() == 1_760_030_000.0
    assert clock.step is None
    machine.wall += 1_000_000
    assert clock.wall() == 1_760_030_000.0
    assert clock.suspect


def test_a_clock_set_back_is_not_set_to_another_century() -> None:
    """More than a year of absence is nothing a machine is believed by itself."""
    machine = Machine(wall=100.0)
    clock = machine.clock()
    clock.raise_floor(1_760_000_000.0)
    machine.wall = 4_000_000_000.0
    assert clock.wall() == 1_760_000_000.0


def test_a_correction_while_we_were_down_is_taken() -> None:
    """The last record may be some seconds ahead of a clock that NTP has turned back since."""
    machine = Machine()
    clock = machine.clock()
    clock.raise_floor(machine.wall + 5)
    assert not clock.suspect
    assert clock.wall() == machine.wall
