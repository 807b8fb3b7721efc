"""However passwords are guessed, only so many guesses fit into an hour."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import TooManyError
from gateway.services import backoff
from gateway.storage.store import SYSTEM, Store
from tests.stores import SteppedClock


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (10, 32), (14, 512), (15, 900), (10_000, 900)]
)
def test_the_wait_doubles_and_ends_at_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert backoff.wait_s(failures) == seconds


@pytest.mark.parametrize(
    ("address", "network"),
    [("10.1.2.3", "10.1.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("unix", "unix")],
)
def test_tries_are_counted_by_network(address: str, network: str) -> None:
    assert backoff.network_of(address) == network


@settings(max_examples=10, deadline=None)
@given(gaps=st.lists(st.integers(0, 400), min_size=30, max_size=60))
def test_guesses_are_few_however_they_are_spread(gaps: list[int]) -> None:
    """G9: within any hour of steady guessing at most 5 free tries and one for each doubling, and some at the end."""
    clock = SteppedClock()
    with TemporaryDirectory() as directory:
        store = Store(f"sqlite:///{Path(directory) / 'g.db'}", clock=clock, boot="b")
        store.migrate()
        counted: list[float] = []
        for gap in gaps:
            clock.step(gap)
            try:
                with store.write(SYSTEM) as uow:
                    backoff.count_try(uow, "desk", f"10.0.{len(counted)}.1", int(clock.now))
            except TooManyError:
                continue
            counted.append(clock.now)
        store.close()
    for start in counted:
        assert sum(start <= at < start + 3600 for at in counted) <= 5 + 10 + 3600 // backoff.MAX_WAIT_S


def test_an_hour_of_quiet_is_a_clean_sheet(sqlite_store: Store, store_clock: SteppedClock) -> None:
    for _try in range(5):
        with sqlite_store.write(SYSTEM) as uow:
            backoff.count_try(uow, "desk", "10.0.0.1", uow.now)
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(TooManyError):
        backoff.count_try(uow, "desk", "10.0.0.1", uow.now)
    store_clock.step(backoff.FORGET_S)
    for _try in range(4):
        with sqlite_store.write(SYSTEM) as uow:
            backoff.count_try(uow, "desk", "10.0.0.1", uow.now)


def test_two_processes_count_the_same_first_try(store: Store) -> None:
    """On both databases the second writer adds to what the first wrote."""
    for expected in (1, 2):
        with store.write(SYSTEM) as uow:
            backoff.count_try(uow, "desk", "10.0.0.1", uow.now)
            assert backoff._standing(uow, "login:desk", uow.now) == (expected, uow.now)
