"""A request that comes twice is done once and answered twice."""

import threading

import pytest

from gateway.domain.errors import ConflictError
from gateway.storage import idempotency
from gateway.storage.store import SYSTEM, Actor, Store, UnitOfWork
from tests.stores import SteppedClock

HASH, OTHER = b"\x01" * 32, b"\x02" * 32
USER = Actor("user:3", "Han", frozenset())


def _once(store: Store, done: list[str], actor: Actor = SYSTEM) -> tuple[int, str]:
    """What the API does with a request that carries the key "k"."""

    def work(uow: UnitOfWork) -> tuple[int, str]:
        if answer := idempotency.find(uow.conn, uow.actor.id, "k", HASH):
            return answer
        done.append(uow.actor.id)
        idempotency.remember(uow, "k", HASH, 201, f'{{"n":{len(done)}}}')
        return 201, f'{{"n":{len(done)}}}'

    return store.run(actor, work)


def test_the_second_time_the_first_answer(store: Store) -> None:
    """Each asker has keys of his own."""
    done: list[str] = []
    assert _once(store, done) == _once(store, done) == (201, '{"n":1}')
    assert _once(store, done, USER) == (201, '{"n":2}')
    assert done == ["system", "user:3"]


def test_a_key_for_another_request_is_refused(store: Store) -> None:
    """A client that mixes up its keys must hear of it."""
    _once(store, [])
    with store.write(SYSTEM) as uow, pytest.raises(ConflictError, match="“k”"):
        idempotency.find(uow.conn, "system", "k", OTHER)


def test_forgotten_with_a_failed_transaction(store: Store) -> None:
    """What was rolled back is not remembered."""

    def fails(uow: UnitOfWork) -> None:
        idempotency.remember(uow, "k", HASH, 201, "{}")
        raise KeyError

    with pytest.raises(KeyError):
        store.run(SYSTEM, fails)
    with store.read() as conn:
        assert idempotency.find(conn, "system", "k", HASH) is None


def test_twins_at_the_same_time(store: Store) -> None:
    """The second waits for the first and gets its answer."""
    done: list[str] = []
    answers: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda: answers.append(_once(store, done))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [(201, '{"n":1}')] * 6
    assert done == ["system"]


def _begin(store: Store, request_hash: bytes = HASH) -> tuple[int, str] | None:
    return store.run(SYSTEM, lambda uow: idempotency.begin(uow, "k", request_hash))


def test_what_was_begun_and_not_finished_is_not_begun_again(store: Store) -> None:
    """Nobody knows whether it was done: that is said, to its repeat and to a look alike."""
    assert _begin(store) is None
    for _ in range(2):
        with pytest.raises(ConflictError, match="not known whether it was done"):
            _begin(store)
    with store.read() as conn, pytest.raises(ConflictError, match="under a new key"):
        idempotency.find(conn, "system", "k", HASH)
    with pytest.raises(ConflictError, match="another request"):
        _begin(store, OTHER)


def test_what_was_finished_has_its_answer(store: Store) -> None:
    """The same as if it had been remembered in one transaction; a late refusal does not take it away."""
    _begin(store)
    store.run(SYSTEM, lambda uow: idempotency.finish(uow, "k", 200, "{}"))
    store.run(SYSTEM, lambda uow: idempotency.abandon(uow, "k"))
    assert _begin(store) == (200, "{}")


def test_what_was_refused_may_be_begun_again(store: Store) -> None:
    """Its key is free."""
    _begin(store)
    store.run(SYSTEM, lambda uow: idempotency.abandon(uow, "k"))
    assert _begin(store, OTHER) is None


def test_answers_are_kept_for_a_day(store: Store, store_clock: SteppedClock) -> None:
    """Long enough for any client to ask again."""
    done: list[str] = []
    for seconds, forgotten in ((24 * 3600, 0), (1, 1)):
        if not done:
            _once(store, done)
        store_clock.step(seconds)
        with store.write(SYSTEM) as uow:
            assert idempotency.prune(uow) == forgotten
