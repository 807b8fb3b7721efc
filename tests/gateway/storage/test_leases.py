"""One holder at a time; the fence rises with each."""

import threading

import pytest

from gateway.domain.errors import ConflictError, StaleError
from gateway.storage import leases
from gateway.storage.leases import Lease
from gateway.storage.store import SYSTEM, Store
from tests.stores import NOW, SteppedClock


def _acquire(store: Store, holder: str) -> Lease:
    with store.write(SYSTEM) as uow:
        return leases.acquire(uow, "publisher", holder, ttl_s=15)


def test_a_second_gateway_is_refused(store: Store) -> None:
    """In a sentence that names the first."""
    assert _acquire(store, "north-pc") == Lease("publisher", "north-pc", 1, NOW + 15)
    with pytest.raises(ConflictError, match=r"north-pc.*only one may run"):
        _acquire(store, "south-pc")


def test_an_expired_lease_goes_to_the_next(store: Store, store_clock: SteppedClock) -> None:
    """With a higher fence; the first one hears it when it renews."""
    first = _acquire(store, "north-pc")
    store_clock.step(15)
    assert _acquire(store, "south-pc").fence == 2
    with store.write(SYSTEM) as uow, pytest.raises(StaleError):
        leases.renew(uow, first, ttl_s=15)
    with store.write(SYSTEM) as uow:
        leases.release(uow, first)
    with pytest.raises(ConflictError, match="south-pc"):
        _acquire(store, "north-pc")


def test_renewing_holds_on(store: Store, store_clock: SteppedClock) -> None:
    """With the same fence."""
    lease = _acquire(store, "north-pc")
    store_clock.step(10)
    with store.write(SYSTEM) as uow:
        lease = leases.renew(uow, lease, ttl_s=15)
    assert lease == Lease("publisher", "north-pc", 1, NOW + 25)
    store_clock.step(10)
    with pytest.raises(ConflictError):
        _acquire(store, "south-pc")


def test_a_released_lease_is_free_at_once(store: Store) -> None:
    """The fence still rises; so it does when the same holder starts again."""
    lease = _acquire(store, "north-pc")
    with store.write(SYSTEM) as uow:
        leases.release(uow, lease)
    assert _acquire(store, "south-pc").fence == 2
    assert _acquire(store, "south-pc").fence == 3


def test_six_at_once(store: Store) -> None:
    """Exactly one gets it."""
    won: list[Lease] = []
    lost: list[ConflictError] = []

    def gateway(name: str) -> None:
        try:
            won.append(_acquire(store, name))
        except ConflictError as error:
            lost.append(error)

    threads = [threading.Thread(target=gateway, args=(f"g{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(won), len(lost)) == (1, 5)
