"""A transaction is whole or not at all, and its subscribers hear of it once it is durable."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from gateway.domain.errors import StoreBusyError
from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.storage import journal, tables
from gateway.storage.store import SYSTEM, Actor, Committed, Store, UnitOfWork
from tests.stores import BOOT, NOW, SteppedClock, seed_area, seed_card, seed_site

KEY = b"\x01abcdefg"


def _records(store: Store) -> int:
    with store.read() as conn:
        return conn.scalar(select(func.count()).select_from(tables.journal)) or 0


def _add_area(store: Store, area: str) -> None:
    with store.write(SYSTEM) as uow:
        seed_area(uow, area)
        uow.record("area.added", f"area:{area}")


def test_commits_on_leaving(store: Store) -> None:
    """What was written and recorded is there afterwards."""
    with store.write(SYSTEM) as uow:
        seed_area(uow)
        uow.record("area.added", "area:main", {"name": "湖景"})
    with store.read() as conn:
        row = conn.execute(select(tables.journal)).one()
        assert conn.scalar(select(tables.areas.c.id)) == "main"
    assert row[:7] == (1, NOW * 1000, BOOT, "area.added", "system", "area:main", '{"name":"湖景"}')


def test_rolls_back_on_any_exception(store: Store) -> None:
    """Nothing of a failed transaction stays: no row, no record, no call to subscribers."""
    heard: list[Committed] = []
    store.subscribe(heard.append)

    def fails(uow: UnitOfWork) -> None:
        seed_area(uow)
        uow.record("area.added", "area:main")
        raise KeyError

    with pytest.raises(KeyError):
        store.run(SYSTEM, fails)
    with store.read() as conn:
        assert conn.scalars(select(tables.areas.c.id)).all() == []
    assert _records(store) == 0
    assert heard == []


def test_says_what_changed(store: Store) -> None:
    """Subscribers hear which lists rose, whether the site changed, and the last record's number."""
    heard: list[Committed] = []
    store.subscribe(heard.append)
    with store.write(SYSTEM) as uow:
        seed_site(uow)
        seed_area(uow)
        uow.record("area.added", "area:main")
        uow.record("site.created", "site")
    changes = Changes()
    changes.put(KEY, Terms(0, NO_END))
    with store.write(SYSTEM) as uow:
        uow.change_list("main", changes, {KEY: "card:1"})
    with store.write(SYSTEM) as uow:
        uow.touch_site()
        uow.touch_site()
    store.append([journal.Record("access.granted", "system", "portal:main-in")])
    assert heard == [
        Committed(frozenset(), site_changed=False, last_seq=2),
        Committed(frozenset({"main"}), site_changed=False, last_seq=0),
        Committed(frozenset(), site_changed=True, last_seq=0),
        Committed(frozenset(), site_changed=False, last_seq=3),
    ]
    with store.read() as conn:
        assert conn.scalar(select(tables.site.c.config_version)) == 2


def test_subscriber_sees_the_commit(store: Store) -> None:
    """When a subscriber is called, another connection already reads the change."""
    seen: list[int] = []
    store.subscribe(lambda _committed: seen.append(_records(store)))
    _add_area(store, "main")
    assert seen == [1]


def test_one_moment_for_a_transaction(store: Store, store_clock: SteppedClock) -> None:
    """Time stands still inside a transaction."""
    store_clock.step(0.25)
    with store.write(SYSTEM) as uow:
        store_clock.step(5)
        assert (uow.now, uow.now_ms) == (NOW, NOW * 1000 + 250)


def test_actor_and_request_are_recorded(store: Store) -> None:
    """Who did it, and in which request."""
    with store.write(Actor("user:3", "Han", frozenset()), request_id="r-1") as uow:
        uow.record("card.frozen", "card:5", {"why": "x"})
    with store.read() as conn:
        row = conn.execute(select(tables.journal)).one()
    assert (row.actor, row.body) == ("user:3", '{"request_id":"r-1","why":"x"}')


def test_readers_cannot_write(store: Store) -> None:
    """A connection for reading refuses to change anything."""
    with pytest.raises(DBAPIError), store.read() as conn:
        conn.execute(tables.holidays.insert().values(day="2026-01-01"))


def test_readers_see_one_moment(store: Store) -> None:
    """What is committed while someone reads shows to the next reader only."""
    with store.read() as conn:
        assert conn.scalars(select(tables.areas.c.id)).all() == []
        _add_area(store, "main")
        assert conn.scalars(select(tables.areas.c.id)).all() == []
    with store.read() as conn:
        assert conn.scalars(select(tables.areas.c.id)).all() == ["main"]


def test_no_transaction_within_a_transaction(sqlite_store: Store) -> None:
    """A second transaction on the same thread is a defect, said at once instead of a dead stop."""
    with sqlite_store.write(SYSTEM), pytest.raises(RuntimeError, match="already has"), sqlite_store.write(SYSTEM):
        pass


def _both_at_once(*actions: Callable[[], object]) -> list[BaseException]:
    failed: list[BaseException] = []

    def guarded(action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - handed to the test that judges it
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return failed


def test_a_uid_is_held_once(store: Store) -> None:
    """Two desks issue a card with the same UID at the same time: one wins, the other is refused (R-CARD-12)."""
    rounds = 20
    barrier = threading.Barrier(2, timeout=20)

    def desk(name: str) -> None:
        for n in range(rounds):
            barrier.wait()
            try:
                with store.write(SYSTEM) as uow:
                    seed_card(uow, f"{name}{n}", n.to_bytes(4))
            except DBAPIError as error:
                lost.append(str(error))

    lost: list[str] = []
    assert _both_at_once(lambda: desk("a"), lambda: desk("b")) == []
    assert len(lost) == rounds
    assert all("unique" in text.lower() for text in lost)
    with store.read() as conn:
        assert conn.scalar(select(func.count(tables.cards.c.uid.distinct()))) == rounds
        assert conn.scalar(select(func.count()).select_from(tables.cards)) == rounds


def test_run_gives_back_what_the_work_gives(store: Store) -> None:
    """One transaction, its result returned."""

    def work(uow: UnitOfWork) -> str:
        seed_area(uow)
        return "done"

    assert store.run(SYSTEM, work) == "done"
    with store.read() as conn:
        assert conn.scalar(select(tables.areas.c.id)) == "main"


def test_run_survives_a_deadlock(postgres_store: Store) -> None:
    """Two transactions that take the same rows in opposite order both get done: PostgreSQL kills one, once."""
    for area in ("a", "b"):
        _add_area(postgres_store, area)
    both_hold_one = threading.Barrier(2, timeout=20)
    tries: list[str] = []

    def rename(first: str, second: str) -> None:
        def work(uow: UnitOfWork) -> None:
            tries.append(first)
            uow.conn.execute(update(tables.areas).where(tables.areas.c.id == first).values(name=first))
            if len(tries) <= 2:
                both_hold_one.wait()
            uow.conn.execute(update(tables.areas).where(tables.areas.c.id == second).values(name=first))

        postgres_store.run(SYSTEM, work)

    assert _both_at_once(lambda: rename("a", "b"), lambda: rename("b", "a")) == []
    assert len(tries) == 3


def test_run_gives_up_on_what_no_retry_cures(sqlite_store: Store) -> None:
    """A store locked by another process is not asked again and again."""
    asked = []

    def work(_uow: UnitOfWork) -> None:
        asked.append(1)
        raise StoreBusyError("The store is in use.")

    with pytest.raises(StoreBusyError):
        sqlite_store.run(SYSTEM, work)
    assert asked == [1]
