"""Windows, pages and bases are cut as PROTOCOL.md says."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.whitelist import NO_END, Changes, Entry, Terms, Whitelist
from sync.protocol.planning import (
    Step,
    base_is_due,
    encode_entries,
    is_mass_removal,
    paged,
    sorted_in_slices,
    window_of,
)
from tests.sync.protocol.history import key

TERMS = Terms(0, NO_END)


def step(before: int, *, puts: int = 0, drops: int = 0, start: int = 0) -> Step:
    changes = Changes({key(start + n): TERMS for n in range(puts)}, {key(start + puts + n) for n in range(drops)})
    return Step(before, before + 1, changes)


def test_window_holds_the_newest_that_fit() -> None:
    """Whole versions, newest first, up to 1,024 bytes: 56 puts of 18 bytes."""
    history = [step(n, puts=1, start=n) for n in range(100)]
    window = window_of(history, 100)
    assert (window.from_version, len(window.puts), window.drops) == (44, 56 * 18, b"")
    assert window.puts[-18:-10] == key(99)


def test_one_change_too_large_for_the_window() -> None:
    """Then the window is empty and starts at the head."""
    window = window_of([step(0, puts=1), step(1, drops=200)], 2)
    assert (window.from_version, window.puts, window.drops) == (2, b"", b"")


def test_a_key_changed_twice_counts_once() -> None:
    """The last word wins and takes no more room."""
    history = [step(n, puts=50) for n in range(10)]
    window = window_of(history, 10)
    assert window.from_version == 0
    assert len(window.puts) == 50 * 18


def test_window_stops_at_a_gap() -> None:
    """Versions nobody heard of are not bridged."""
    assert window_of([step(0, puts=1), step(5, puts=1)], 6).from_version == 5
    assert window_of([step(0, puts=1)], 6).from_version == 6


def test_when_a_base_is_due() -> None:
    """Over a quarter of the base, or over 32 KiB; never for less than 1 KiB."""
    assert not base_is_due(step(0, puts=56).changes, 0)
    assert base_is_due(step(0, puts=57).changes, 0)
    assert not base_is_due(step(0, puts=250).changes, 1000)
    assert base_is_due(step(0, puts=251).changes, 1000)
    assert not base_is_due(step(0, puts=1820).changes, 100_000)
    assert base_is_due(step(0, puts=1821).changes, 100_000)


def test_mass_removal() -> None:
    """More than a tenth of a hundred or more."""
    assert not is_mass_removal(10, 100)
    assert is_mass_removal(11, 100)
    assert not is_mass_removal(99, 99)


@given(st.sets(st.integers(0, 2**56 - 1), max_size=300), st.integers(18, 400))
def test_pages_are_the_sorted_list(numbers: set[int], page_bytes: int) -> None:
    """Slices and pages, put together again, are the entries in the order of their keys."""
    terms = {key(number): TERMS for number in numbers}
    data = b"".join(sorted_in_slices(terms, 7))
    assert data == encode_entries(Whitelist(Entry(k, t) for k, t in terms.items()))
    pages = paged(data, page_bytes)
    assert b"".join(pages) == data
    assert all(0 < len(page) <= page_bytes and len(page) % 18 == 0 for page in pages)
