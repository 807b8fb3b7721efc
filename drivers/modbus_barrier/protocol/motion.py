"""What a barrier's inputs say, and which commands they allow. No clock and no wire of its own.

Times are monotonic seconds handed in. The limit switches decide where the arm is; a command only
says where it is expected to go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from drivers.modbus_barrier.protocol.map import Input
from gateway.ports import BarrierReading, BarrierState, DeviceRefusedError

MOST_OBSTRUCTIONS: Final = 2
MOST_MISSED: Final = 2

_FAULT = "%(barrier)s reports a fault or contradictory limit switches: no motion until someone has looked at it."
_STUCK = "%(barrier)s did not arrive in its time twice: look at the arm, press stop, then try again."
_OCCUPIED = "%(barrier)s cannot close: something stands on a loop or in the light beam, or the sensor does not answer."
_OBSTRUCTED = "%(barrier)s met an obstruction twice: look under the arm, press stop, then close."
_FIRE = "%(barrier)s cannot close: the fire input is on."
_HELD = "%(barrier)s is held open: release it first."


class Goal(Enum):
    """Where the arm was sent."""

    OPEN = auto()
    CLOSED = auto()


@dataclass(slots=True)
class _Motion:
    """``start``: the limit the arm stood at when it was sent; ``left``: it has been seen away from there."""

    goal: Goal
    deadline: float
    start: Goal | None
    left: bool = False


class Arm:
    """The state machine of one barrier. ``travel_s``: the longest a healthy arm takes from limit to limit."""

    def __init__(self, name: str, travel_s: float) -> None:
        self._name = name
        self._travel_s = travel_s
        self._motion: _Motion | None = None
        self._missed: Goal | None = None
        self._misses = 0
        self._obstructions = 0
        self._limit: Goal | None = None
        self._faulty = False
        self.held = False
        self.reading = BarrierReading()

    @property
    def stuck(self) -> bool:
        """A motion did not arrive in its time."""
        return self._missed is not None

    def inputs(self, bits: Sequence[bool], now: float) -> BarrierReading:
        """Takes the eight discrete inputs; returns the reading they make."""
        if self._closing() and self._blocked(bits):
            self._obstructions += 1
            self._motion = None
        state = self._state(bits, now)
        self.reading = BarrierReading(
            state,
            loop_before=bits[Input.LOOP_BEFORE],
            loop_under=bits[Input.LOOP_UNDER],
            beam=bits[Input.BEAM],
            fire=bits[Input.FIRE],
            manual=bits[Input.MANUAL],
        )
        return self.reading

    def lost(self) -> BarrierReading:
        """The board does not answer: everything is unknown, and no motion is waited for."""
        self._motion = self._limit = None
        self.reading = BarrierReading()
        return self.reading

    def _closing(self) -> bool:
        return self._motion is not None and self._motion.goal is Goal.CLOSED

    @staticmethod
    def _blocked(bits: Sequence[bool]) -> bool:
        return any(bits[i] for i in (Input.LOOP_BEFORE, Input.LOOP_UNDER, Input.BEAM))

    def _state(self, bits: Sequence[bool], now: float) -> BarrierState:
        opened, closed = bits[Input.OPEN_LIMIT], bits[Input.CLOSED_LIMIT]
        self._faulty = bits[Input.FAULT] or (opened and closed)
        if self._faulty:
            self._motion = self._limit = None
            return BarrierState.FAULT
        self._limit = limit = Goal.OPEN if opened else Goal.CLOSED if closed else None
        self._arrive(limit, now)
        if self._motion is not None:
            return BarrierState.OPENING if self._motion.goal is Goal.OPEN else BarrierState.CLOSING
        if self.stuck:
            return BarrierState.FAULT
        if limit is Goal.OPEN:
            return BarrierState.HELD_OPEN if self.held else BarrierState.OPEN
        return BarrierState.CLOSED if limit is Goal.CLOSED else BarrierState.UNKNOWN

    def _arrive(self, limit: Goal | None, now: float) -> None:
        """Ends a motion that reached its limit switch, turned back, or ran out of time."""
        motion = self._motion
        wanted = motion.goal if motion is not None else self._missed
        if limit is not None and limit is wanted:
            self._motion = None
            self._missed, self._misses = None, 0
            if limit is Goal.CLOSED:
                self._obstructions = 0
        elif motion is not None and limit is not None and motion.left:
            self._turned_back(motion.goal)
        elif motion is not None and now > motion.deadline:
            self._missed, self._misses = motion.goal, self._misses + 1
            self._motion = None
        elif motion is not None and motion.start is not None:
            motion.left |= limit is None

    def _turned_back(self, goal: Goal) -> None:
        """The arm left its place and came back: it can move, so it is not stuck.

        Going up, the board lowered it by itself before we saw it open. Going down, something stopped it.
        """
        self._motion = None
        self._missed, self._misses = None, 0
        if goal is Goal.CLOSED:
            self._obstructions += 1

    # --- Commands: each checks, the driver writes, then says that it was sent ----------------------

    def may_open(self) -> bool:
        """Whether a pulse is needed: always, unless the hold relay keeps the arm up.

        An arm that is open, or that we sent up, may be on its way down in the next moment, for its board lowers
        it by itself: each passage asks anew, and a board that is open already starts its time again. Nor does an
        arm that did not arrive keep anybody out: it was alarmed, and upwards is the safe way to try.
        """
        self._check_sound()
        return self.reading.state is not BarrierState.HELD_OPEN

    def may_close(self) -> bool:
        """Whether a pulse is needed; raises DeviceRefusedError while something is, or may be, under the arm."""
        self._check_sound()
        if self._misses >= MOST_MISSED:
            raise DeviceRefusedError(_STUCK, barrier=self._name)
        if self.held:
            raise DeviceRefusedError(_HELD, barrier=self._name)
        if any(
            sensor is not False for sensor in (self.reading.loop_before, self.reading.loop_under, self.reading.beam)
        ):
            raise DeviceRefusedError(_OCCUPIED, barrier=self._name)
        if self.reading.fire is not False:
            raise DeviceRefusedError(_FIRE, barrier=self._name)
        if self._obstructions >= MOST_OBSTRUCTIONS:
            raise DeviceRefusedError(_OBSTRUCTED, barrier=self._name)
        return self.reading.state not in {BarrierState.CLOSED, BarrierState.CLOSING}

    def _check_sound(self) -> None:
        if self._faulty:
            raise DeviceRefusedError(_FAULT, barrier=self._name)

    def sent(self, goal: Goal, now: float) -> None:
        """The board accepted a pulse towards ``goal``."""
        there = self._limit is goal  # an arm that was there already has moved, whatever its board does next
        self._motion = _Motion(goal, now + self._travel_s, None if there else self._limit, left=there)

    def stopped(self) -> None:
        """The board accepted a stop: nothing is waited for, and the person who pressed it has looked."""
        self._motion = None
        self._missed, self._misses = None, 0
        self._obstructions = 0
