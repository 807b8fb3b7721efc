"""Time, as the running gateway trusts it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

# A correction up to this size is taken as it comes, as from NTP.
ADOPTED_STEP_S: Final = 120.0
# A machine without a battery that was off longer than this is set by a person.
LONGEST_OFF_S: Final = 400 * 86400.0


class Clock(Protocol):
    """Wall time for validity and labels, monotonic time for every time-out."""

    def wall(self) -> float:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never steps."""


@dataclass(frozen=True, slots=True)
class TimeStep:
    """The machine's wall clock jumped: from where it should have been to where it went, in unix seconds."""

    expected: float
    seen: float


class SteadyClock:
    """The machine's clocks, but a wall clock that jumps is not believed.

    After a step of more than two minutes it goes on from where it was: a wrong clock must not expire every
    resident at once. ``suspect`` says so until a restart, at which the machine's clock is taken anew, but not
    behind the last record in the store (``raise_floor``). A clock that was found behind that record and is set
    forward later, as by NTP some moments after a start without a battery, is believed from then on.
    """

    def __init__(self, *, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] | None = None) -> None:
        """``elapsed`` never steps, and goes on while the machine sleeps."""
        self._wall = wall
        self._elapsed = elapsed or _since_boot
        self._anchor = (wall(), self._elapsed())
        self._told: Callable[[TimeStep], None] | None = None
        self._set_back = False
        self.step: TimeStep | None = None

    @property
    def suspect(self) -> bool:
        """Whether the machine's clock is not believed any more."""
        return self.step is not None

    def on_step(self, told: Callable[[TimeStep], None]) -> None:
        """Who is told, once and from any thread; at once when it happened already."""
        self._told = told
        if self.step is not None:
            told(self.step)

    def raise_floor(self, floor: float) -> None:
        """It was at least this late already: a dead battery took the machine's clock back."""
        if self.wall() < floor - ADOPTED_STEP_S:
            self._anchor = (floor, self._elapsed())
            self._set_back = True
            self._distrust(TimeStep(floor, self._wall()))

    def monotonic(self) -> float:
        """The machine's monotonic clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Trusted unix seconds."""
        wall, elapsed = self._anchor
        now = self._elapsed()
        expected = wall + now - elapsed
        seen = self._wall()
        if self._set_back and expected <= seen <= expected + LONGEST_OFF_S:
            self._set_back, self.step = False, None
            self._anchor = (seen, now)
            return seen
        if self.step is not None:
            return expected
        if abs(seen - expected) > ADOPTED_STEP_S:
            self._distrust(TimeStep(expected, seen))
            return expected
        self._anchor = (seen, now)
        return seen

    def _distrust(self, step: TimeStep) -> None:
        self.step = step
        if self._told is not None:
            self._told(step)


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
