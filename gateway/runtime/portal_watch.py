"""What happens at one portal, told from its inputs: pure, time is an argument (monotonic seconds)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.domain.decision import PortalMode
from gateway.ports import BarrierReading, BarrierState

# An arm that leaves its place this long after the last command was not moved by it.
EXPECTED_S: Final = 15.0
# A loop that is on for less is chatter, not a vehicle.
SHORTEST_PASS_S: Final = 0.4
LOOP_STUCK_S: Final = 300.0

_MOVED: Final = frozenset({BarrierState.OPENING, BarrierState.OPEN, BarrierState.HELD_OPEN})
_STANDS_OPEN: Final = frozenset({BarrierState.OPEN, BarrierState.HELD_OPEN})


@dataclass(frozen=True, slots=True)
class Happening:
    """``kind``: passed, tailgated, forced, held_open, fault, fire, manual or loop_stuck."""

    kind: str
    alarm: bool = False


class PortalWatch:
    """One portal's recent past. Judges nothing before its first known reading."""

    def __init__(self) -> None:
        self.reading = BarrierReading()
        self._expected_until = float("-inf")
        self._open_since: float | None = None
        self._loop_since: float | None = None
        self._passes = 0
        self._told: set[str] = set()

    def commanded(self, now: float) -> None:
        """We are about to open: what follows is expected, and one vehicle may pass."""
        self._expected_until = now + EXPECTED_S
        self._passes = 0

    def feed(self, reading: BarrierReading, mode: PortalMode, now: float) -> list[Happening]:
        """The inputs changed; what that means."""
        before, self.reading = self.reading, reading
        happened = list(self._moves(before, reading, mode, now))
        happened += self._rising(before, reading)
        happened += self._loop(reading, now)
        return happened

    def tick(self, mode: PortalMode, held_open_s: float, now: float) -> list[Happening]:
        """What has lasted too long by now; each is told once until it ends."""
        happened = []
        if mode is not PortalMode.HELD_OPEN and self._lasted(self._open_since, held_open_s, now):
            happened += self._once("held_open")
        if self._lasted(self._loop_since, LOOP_STUCK_S, now):
            happened += self._once("loop_stuck")
        return happened

    def _moves(
        self, before: BarrierReading, reading: BarrierReading, mode: PortalMode, now: float
    ) -> Iterator[Happening]:
        if reading.state is BarrierState.FAULT and before.state is not BarrierState.FAULT:
            yield Happening("fault", alarm=True)
        left_its_place = before.state is BarrierState.CLOSED and reading.state in _MOVED
        excused = mode is PortalMode.HELD_OPEN or reading.manual or reading.fire or now <= self._expected_until
        if left_its_place and not excused:
            yield Happening("forced", alarm=True)
        if reading.state not in _STANDS_OPEN:
            self._open_since = None
            self._told.discard("held_open")
        elif self._open_since is None:
            self._open_since = now

    @staticmethod
    def _rising(before: BarrierReading, reading: BarrierReading) -> Iterator[Happening]:
        if reading.fire and not before.fire:
            yield Happening("fire", alarm=True)
        if reading.manual and not before.manual:
            yield Happening("manual")

    def _loop(self, reading: BarrierReading, now: float) -> Iterator[Happening]:
        if reading.loop_under:
            self._loop_since = now if self._loop_since is None else self._loop_since
            return
        since, self._loop_since = self._loop_since, None
        self._told.discard("loop_stuck")
        if reading.loop_under is None or since is None or now - since < SHORTEST_PASS_S:
            return
        self._passes += 1
        yield Happening("passed" if self._passes == 1 else "tailgated")

    @staticmethod
    def _lasted(since: float | None, limit_s: float, now: float) -> bool:
        return since is not None and now - since >= limit_s

    def _once(self, kind: str) -> list[Happening]:
        if kind in self._told:
            return []
        self._told.add(kind)
        return [Happening(kind, alarm=True)]
