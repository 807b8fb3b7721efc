"""Weekly schedules, holidays and the site's time zone.

A schedule is a rule on the wall clock of the site. Where summer time skips an hour, that hour does
not exist and admits nobody; where an hour comes twice, both of them are that hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gateway.domain.errors import MalformedError

MINUTES_A_DAY = 24 * 60

Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of minutes since local midnight: ``((480, 1080),)`` is 08:00 to 18:00."""


def check_ranges(ranges: Ranges) -> Ranges:
    """Refuses ranges that are empty, overlap, run backwards or leave the day."""
    end = 0
    for start, stop in ranges:
        if not end <= start < stop <= MINUTES_A_DAY:
            raise MalformedError(
                "The hours of a day are rising, separate and between 00:00 and 24:00.", fields={"ranges": "rising"}
            )
        end = stop
    return ranges


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a credential is admitted. ``weekdays`` has seven days, Monday first; ``holidays`` replaces them."""

    weekdays: tuple[Ranges, Ranges, Ranges, Ranges, Ranges, Ranges, Ranges]
    holidays: Ranges = ()

    def __post_init__(self) -> None:
        if len(self.weekdays) != 7:
            raise MalformedError("A schedule has seven days.", fields={"weekdays": "seven lists"})
        for ranges in (*self.weekdays, self.holidays):
            check_ranges(ranges)

    def union(self, other: "Schedule") -> "Schedule":
        """The schedule that admits whenever either does."""
        days = tuple(_merge(a, b) for a, b in zip(self.weekdays, other.weekdays, strict=True))
        return Schedule(days, _merge(self.holidays, other.holidays))  # type: ignore[arg-type]  # seven in, seven out


def _merge(one: Ranges, two: Ranges) -> Ranges:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted((*one, *two)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A site's schedules by index (0 is "always" and never stored), its holidays and time zone."""

    timezone: str = "Asia/Shanghai"
    holidays: frozenset[date] = frozenset()
    schedules: Mapping[int, Schedule] = field(default_factory=dict)
    version: int = 0
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            zone = ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise MalformedError("“%(zone)s” is no time zone.", zone=self.timezone) from error
        object.__setattr__(self, "_zone", zone)
        if not all(0 < index < 256 for index in self.schedules):
            raise MalformedError("Schedules are numbered 1 to 255.", fields={"schedules": "1 to 255"})

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, loaded."""
        return self._zone

    def admits(self, index: int, at: int) -> bool:
        """Whether schedule ``index`` admits at ``at`` (unix seconds). An unknown schedule admits nobody."""
        if index == 0:
            return True
        schedule = self.schedules.get(index)
        if schedule is None:
            return False
        local = datetime.fromtimestamp(at, UTC).astimezone(self._zone)
        ranges = schedule.holidays if local.date() in self.holidays else schedule.weekdays[local.weekday()]
        minute = local.hour * 60 + local.minute
        return any(start <= minute < stop for start, stop in ranges)
