"""What a basis gives, and that merging several rights never gives more than they do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.entitlement import (
    AccessRule,
    Basis,
    BasisKind,
    Entitlement,
    ScheduleBook,
    cap,
    entitlements_of,
    merge,
)
from gateway.domain.errors import ConflictError
from gateway.domain.schedule import Calendar, Ranges, Schedule
from gateway.domain.whitelist import ALWAYS, EXEMPT_FROM_ANTI_PASSBACK, EXIT_ONLY, NO_END, Terms

# Ten minutes of a Monday at 00:00 UTC, and three schedules that tell them apart.
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
MINUTES = range(10)


def _minutes(*ranges: tuple[int, int]) -> Schedule:
    day: Ranges = ranges
    return Schedule((day, (), (), (), (), (), ()))


BOOK = {1: _minutes((0, 4)), 2: _minutes((3, 7)), 3: _minutes((1, 2), (8, 10))}
RULES = {
    BasisKind.RESIDENCE: AccessRule(("main", "garden")),
    BasisKind.PERMIT: AccessRule(("main",), unit_areas=False, schedule=2, flags=EXIT_ONLY),
}


def test_a_basis_gives_common_and_own_areas() -> None:
    """Once each, with the basis's own time."""
    basis = Basis(BasisKind.RESIDENCE, 4, 9, ("main", "b3"), 10, 20)
    given_rights = entitlements_of(basis, RULES)
    assert [right.area for right in given_rights] == ["main", "garden", "b3"]
    assert given_rights[0] == Entitlement("main", Terms(10, 20), BasisKind.RESIDENCE, 4)


def test_a_rule_may_leave_out_the_units_areas() -> None:
    """And give its own hours and flags."""
    basis = Basis(BasisKind.PERMIT, 4, 9, ("b3",), 10, 20)
    assert entitlements_of(basis, RULES) == [Entitlement("main", Terms(10, 20, 2, EXIT_ONLY), BasisKind.PERMIT, 4)]


def test_no_rule_and_no_time_give_nothing() -> None:
    """Nobody has access without a basis, nor by a basis that is over before it began."""
    assert entitlements_of(Basis(BasisKind.VISIT, 1, 1, ("b3",), 0), RULES) == []
    assert entitlements_of(Basis(BasisKind.RESIDENCE, 1, 1, ("b3",), 20, 20), RULES) == []


def test_a_card_cannot_outlive_its_own_validity() -> None:
    """The narrower of both counts (R-CARD-3)."""
    assert cap(Terms(10, NO_END, 1, 2), 5, 30) == Terms(10, 30, 1, 2)
    assert cap(Terms(10, 20), 15, NO_END) == Terms(15, 20)
    assert cap(Terms(10, 20), 20, 30) is None


def test_schedules_unite() -> None:
    """Always swallows all; an equal schedule is used again; a new one takes a free number from the top."""
    book = ScheduleBook(BOOK)
    assert book.union(1, 1) == 1
    assert book.union(1, ALWAYS) == ALWAYS
    united = book.union(1, 2)
    assert (united, book.added) == (255, {255: _minutes((0, 7))})
    assert book.union(2, 1) == 255
    assert book.union(255, 1) == 255


def test_one_right_is_itself() -> None:
    """Nothing to merge."""
    assert merge([Terms(5, 9, 1, 4)], ScheduleBook(BOOK), 6) == Terms(5, 9, 1, 4)
    assert merge([], ScheduleBook(BOOK), 6) is None
    assert merge([Terms(5, 6)], ScheduleBook(BOOK), 6) is None


def test_seamless_rights_are_one() -> None:
    """A lease renewed without a gap is one entry; with a gap, the piece in force."""
    assert merge([Terms(0, 5), Terms(5, 9)], ScheduleBook(BOOK), 1) == Terms(0, 9)
    assert merge([Terms(0, 5), Terms(3, NO_END)], ScheduleBook(BOOK), 1) == Terms(0, NO_END)
    assert merge([Terms(0, 5), Terms(6, 9)], ScheduleBook(BOOK), 1) == Terms(0, 5)
    assert merge([Terms(0, 5), Terms(6, 9)], ScheduleBook(BOOK), 5) == Terms(6, 9)


def test_leaving_only_counts_where_nobody_may_enter() -> None:
    """Else it would widen the hours of entry. A privilege is enough once."""
    hours = merge([Terms(0, 9, ALWAYS, EXIT_ONLY), Terms(0, 9, 1)], ScheduleBook(BOOK), 1)
    assert hours == Terms(0, 9, 1)
    apart = merge([Terms(0, 9, 0, EXIT_ONLY), Terms(0, 9, 0, EXEMPT_FROM_ANTI_PASSBACK)], ScheduleBook(BOOK), 1)
    together = merge([Terms(0, 9, 0, EXIT_ONLY), Terms(0, 9, 0, EXIT_ONLY | 1)], ScheduleBook(BOOK), 1)
    assert apart == Terms(0, 9, 0, EXEMPT_FROM_ANTI_PASSBACK)
    assert together == Terms(0, 9, 0, EXIT_ONLY | EXEMPT_FROM_ANTI_PASSBACK)


# Rights with their ends on whole minutes of that Monday, so that every minute can be asked.
_moments = st.integers(0, 10).map(lambda minute: MONDAY + minute * 60)
_rights = st.builds(Terms, _moments, _moments | st.just(NO_END), st.integers(0, 3), st.integers(0, 7))


def _admits(terms: Terms, calendar: Calendar, at: int, *, entry: bool) -> bool:
    in_force = terms.valid_from <= at < terms.valid_until
    return in_force and calendar.admits(terms.schedule, at) and not (entry and terms.flags & EXIT_ONLY)


@given(st.lists(_rights, max_size=4), _moments)
def test_merging_never_gives_more(rights: list[Terms], now: int) -> None:
    """At no minute does the entry let anybody in or out when no right does."""
    book = ScheduleBook(BOOK)
    merged = merge(rights, book, now)
    if merged is None:
        return
    calendar = Calendar("UTC", schedules=book.schedules)
    for minute in MINUTES:
        at = MONDAY + minute * 60
        for entry in (True, False):
            if _admits(merged, calendar, at, entry=entry):
                assert any(_admits(right, calendar, at, entry=entry) for right in rights)


@given(st.lists(_rights, max_size=4), _moments)
def test_merging_takes_no_entry_away_now(rights: list[Terms], now: int) -> None:
    """Whoever a right lets in at this moment is let in by the entry; so with leaving, while no right is for entry."""
    leaving = [right._replace(flags=right.flags | EXIT_ONLY) for right in rights]
    for held, entry in ((rights, True), (leaving, False)):
        book = ScheduleBook(BOOK)
        merged = merge(held, book, now)
        calendar = Calendar("UTC", schedules=book.schedules)
        if any(_admits(right, calendar, now, entry=entry) for right in held):
            assert merged is not None
            assert _admits(merged, calendar, now, entry=entry)


def test_a_full_book_of_schedules_says_so() -> None:
    """Two schedules that must be united when all 255 numbers are taken: a clear answer, nothing half done."""
    days = tuple(() for _ in range(7))
    book = ScheduleBook({n: Schedule(days, ((n, n + 1),)) for n in range(1, 256)})  # type: ignore[arg-type]  # seven
    with pytest.raises(ConflictError, match="255"):
        book.union(1, 3)
    assert book.added == {}
