"""The write lock goes to who has waited longest."""

import threading

import pytest

from gateway.storage.fairness import FairLock, lock_of


def _wait_until_queued(lock: FairLock, waiting: int) -> None:
    reached = threading.Event()
    for _ in range(20_000):
        if len(lock._waiting) == waiting:
            return
        reached.wait(0.001)
    raise AssertionError("nobody queued")


def test_first_come_first_served() -> None:
    """Ten threads that queue while the lock is held get it in the order they came."""
    lock = FairLock()
    assert lock.acquire(1)
    order: list[int] = []

    def worker(n: int) -> None:
        assert lock.acquire(10)
        order.append(n)
        lock.release()

    threads = []
    for n in range(10):
        threads.append(threading.Thread(target=worker, args=(n,)))
        threads[-1].start()
        _wait_until_queued(lock, n + 1)
    lock.release()
    for thread in threads:
        thread.join(10)
    assert order == list(range(10))


def test_impatient_leave_the_queue() -> None:
    """Who gives up is not handed the lock later."""
    lock = FairLock()
    assert lock.acquire(1)
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(lock.acquire(0.01)))
    thread.start()
    thread.join(10)
    lock.release()
    assert got == [False]
    assert lock.acquire(0)


def test_not_re_entrant() -> None:
    """The owner's second acquire is an error, not a dead stop."""
    lock = FairLock()
    lock.acquire(1)
    with pytest.raises(RuntimeError):
        lock.acquire(1)


def test_one_lock_for_a_file() -> None:
    """Two stores on one file share it; other files have their own."""
    assert lock_of("/a/x") is lock_of("/a/x")
    assert lock_of("/a/x") is not lock_of("/a/y")
