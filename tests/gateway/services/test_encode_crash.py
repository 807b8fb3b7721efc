"""Killed at every crash point of the work on a card, the store says where it stood, and the work goes on to its end."""

import signal
from collections.abc import Callable

import pytest

from gateway.domain.card import CardState
from gateway.domain.encode_job import JobState
from gateway.services import cards, encode_jobs
from gateway.storage import crash
from gateway.storage.store import Store
from gateway.storage.verification import verify
from tests.gateway.services.encode_stage import Desk
from tests.gateway.services.small_compound import UID, Compound, build
from tests.gateway.storage.children import in_child
from tests.stores import SteppedClock

# Where the store stands after a death at the first passage of each.
AFTER = {
    "encode.planned": None,
    "encode.intent": JobState.PLANNED,
    "encode.step": JobState.INTENT,
    "encode.verifying": JobState.WRITING,
    "encode.activated": JobState.VERIFYING,
}


def reopened(compound: Compound, url: str, clock: SteppedClock) -> Compound:
    store = Store(url, clock=clock, boot="child")
    return Compound(store, clock, compound.keys, compound.unit, compound.new_unit, compound.li_na)


def at_desk(compound: Compound, url: str, clock: SteppedClock, act: Callable[[Desk], object]) -> Callable[..., None]:
    """Work for a process of its own."""

    def work(_acknowledge: Callable[[str], None]) -> None:
        ours = reopened(compound, url, clock)
        act(Desk(ours))
        ours.store.close()

    return work


def open_job(compound: Compound) -> encode_jobs.JobView | None:
    with compound.store.read() as conn:
        return encode_jobs.open_for_uid(conn, UID)


def test_every_step_is_walked() -> None:
    assert {name for name in crash.NAMES if name.startswith("encode.")} == {*AFTER, "encode.wiped"}


@pytest.mark.parametrize("point", AFTER)
def test_killed_while_a_card_is_written(
    sqlite_store: Store, sqlite_url: str, store_clock: SteppedClock, point: str
) -> None:
    compound = build(sqlite_store, store_clock)
    sqlite_store.close()  # a fork must not share connections
    assert in_child(at_desk(compound, sqlite_url, store_clock, Desk.issued), (point, 1))[0] == signal.SIGKILL
    after = reopened(compound, sqlite_url, store_clock)
    job = open_job(after)
    assert (job.state if job else None) == AFTER[point]
    assert after.opens(UID) == set()
    desk = Desk(after)
    done = desk.write(job) if job else desk.issued()
    assert done.state is JobState.ACTIVE
    assert after.opens(UID) == {"compound", "b3", "garage"}
    with after.store.read() as conn:
        assert [card.state for card in cards.list_cards(conn)] == [CardState.ACTIVE]
        assert verify(conn).ok
    after.store.close()


def test_killed_while_a_card_is_wiped(sqlite_store: Store, sqlite_url: str, store_clock: SteppedClock) -> None:
    compound = build(sqlite_store, store_clock)
    desk = Desk(compound)
    job = desk.plan()
    desk.begin(job)
    desk.cancel(job)
    sqlite_store.close()
    wipe = at_desk(compound, sqlite_url, store_clock, lambda desk: desk.wipe(job))
    assert in_child(wipe, ("encode.wiped", 1))[0] == signal.SIGKILL
    after = reopened(compound, sqlite_url, store_clock)
    assert Desk(after).job(job).state is JobState.WIPING
    assert Desk(after).wipe(job).state is JobState.DONE
    after.store.close()
