"""Time, as the running gateway trusts it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

# A correction up to this size is taken as it comes: NTP slewing, or a virtual machine that woke up.
ADOPTED_STEP_S: Final = 120.0


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

    Wall time never falls below ``floor`` (the time of the last record in the store), and after a step of
    more than two minutes it goes on from where it was, by the monotonic clock: a wrong clock must not expire
    every resident at once. ``suspect`` says so until a restart, at which the machine's clock is taken anew.
    """

    def __init__(
        self,
        *,
        floor: float = 0.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        stepped: Callable[[TimeStep], None] | None = None,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._stepped = stepped
        self._anchor = (max(wall(), floor), monotonic())
        self.suspect = wall() < floor

    def on_step(self, stepped: Callable[[TimeStep], None]) -> None:
        """Who is told, once, that the clock is not believed any more."""
        self._stepped = stepped

    def monotonic(self) -> float:
        """The machine's monotonic clock."""
        return self._monotonic()

    def wall(self) -> float:
        """Trusted unix seconds."""
        wall, monotonic = self._anchor
        now = self._monotonic()
        expected = wall + now - monotonic
        if self.suspect:
            return expected
        seen = self._wall()
        if abs(seen - expected) > ADOPTED_STEP_S:
            self._distrust(TimeStep(expected, seen))
            return expected
        self._anchor = (seen, now)
        return seen

    def _distrust(self, step: TimeStep) -> None:
        self.suspect = True
        if self._stepped is not None:
            self._stepped(step)
