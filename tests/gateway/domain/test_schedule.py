"""Schedules follow the wall clock of the site, also where summer time bends it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.domain.schedule import MINUTES_A_DAY, Calendar, Ranges, Schedule, check_ranges

OFFICE: Ranges = ((480, 720), (780, 1080))  # 08:00-12:00, 13:00-18:00
WORKDAYS = Schedule((OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ()))


def _at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("at", "admitted"),
    [
        ("2026-03-02T08:00:00", True),  # a Monday
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T11:59:59", True),
        ("2026-03-02T12:00:00", False),
        ("2026-03-06T17:59:59", True),
        ("2026-03-07T09:00:00", False),  # a Saturday
    ],
)
def test_hours_of_the_week(at: str, *, admitted: bool) -> None:
    """From the first minute on, up to but not including the last."""
    assert Calendar(schedules={1: WORKDAYS}).admits(1, _at(at)) is admitted


def test_holidays_replace_the_weekday() -> None:
    """On 1 October the holiday's hours count, in the site's own date."""
    late = Schedule(WORKDAYS.weekdays, holidays=((1200, 1260),))
    calendar = Calendar(holidays=frozenset({date(2026, 10, 1)}), schedules={1: late})
    assert not calendar.admits(1, _at("2026-10-01T09:00"))
    assert calendar.admits(1, _at("2026-10-01T20:30"))
    assert calendar.admits(1, _at("2026-10-02T09:00"))


def test_always_and_unknown() -> None:
    """Schedule 0 admits always; one that is not there admits nobody."""
    assert Calendar().admits(0, 0)
    assert not Calendar().admits(7, 0)


def test_the_hour_that_does_not_exist() -> None:
    """Berlin, 29 March 2026: after 01:59 comes 03:00, so 02:00 to 03:00 admits nobody."""
    gap = Schedule((((120, 180),),) * 7)
    calendar = Calendar("Europe/Berlin", schedules={1: gap})
    first = int(datetime(2026, 3, 29, 0, 0, tzinfo=UTC).timestamp())
    assert not any(calendar.admits(1, first + minute * 60) for minute in range(180))


def test_the_hour_that_comes_twice() -> None:
    """Berlin, 25 October 2026: 02:00 to 03:00 comes twice and admits both times, two hours in all."""
    twice = Schedule((((120, 180),),) * 7)
    calendar = Calendar("Europe/Berlin", schedules={1: twice})
    first = int(datetime(2026, 10, 24, 23, 0, tzinfo=UTC).timestamp())
    assert sum(calendar.admits(1, first + minute * 60) for minute in range(240)) == 120


@pytest.mark.parametrize(
    "ranges", [((5, 5),), ((6, 5),), ((0, 10), (9, 20)), ((10, 20), (0, 5)), ((0, 1441),), ((-1, 5),)]
)
def test_hours_must_rise(ranges: Ranges) -> None:
    """Not empty, not backwards, not overlapping, within a day."""
    with pytest.raises(MalformedError):
        check_ranges(ranges)


def test_malformed_calendars() -> None:
    """Six days, an unknown zone, schedule numbers that do not fit a byte."""
    with pytest.raises(MalformedError):
        Schedule(((),) * 6)  # type: ignore[arg-type]  # six days, on purpose
    with pytest.raises(MalformedError, match="Mars/Olympus"):
        Calendar("Mars/Olympus")
    for index in (0, 256):
        with pytest.raises(MalformedError):
            Calendar(schedules={index: WORKDAYS})


@st.composite
def _ranges(draw: st.DrawFn) -> Ranges:
    cuts = sorted(draw(st.sets(st.integers(0, MINUTES_A_DAY), max_size=6)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


schedules = st.builds(Schedule, st.tuples(*[_ranges()] * 7), _ranges())


def _minutes(ranges: Ranges) -> set[int]:
    return {minute for start, stop in ranges for minute in range(start, stop)}


@given(schedules, schedules)
def test_a_union_admits_whenever_either_does(one: Schedule, two: Schedule) -> None:
    """Minute by minute, neither more nor less."""
    both = one.union(two)
    for a, b, united in zip(one.weekdays, two.weekdays, both.weekdays, strict=True):
        assert _minutes(united) == _minutes(a) | _minutes(b)
    assert _minutes(both.holidays) == _minutes(one.holidays) | _minutes(two.holidays)
