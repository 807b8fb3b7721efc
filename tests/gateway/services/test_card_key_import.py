"""Two different people bring two components of each key; the version is used when all seven keys are there."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.ports.cards import KeyPurpose
from gateway.services import card_keys
from gateway.services.card_key_import import Entered, begin_import, complete, discard, enter_component
from gateway.services.card_key_status import status
from gateway.signing.components import check_value, combine
from gateway.signing.keyring import Keyring
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.stores import seed_site

KEYRING = Keyring(bytes(range(32)))
ONE, TWO = bytes(range(1, 17)), bytes(range(33, 49))
READ = KeyPurpose.READ


def _begin(store: Store) -> int:
    with store.write(SYSTEM) as uow:
        return begin_import(uow)


def _enter(store: Store, purpose: KeyPurpose, component: int, key: bytes, by: str, version: int = 1) -> Entered:
    with store.write(SYSTEM) as uow:
        return enter_component(uow, KEYRING, version, purpose, component=component, key=key, by=by)


def _import_all(store: Store) -> Entered:
    version = _begin(store)
    for purpose in KeyPurpose:
        _enter(store, purpose, 1, os.urandom(16), "li", version)
        last = _enter(store, purpose, 2, os.urandom(16), "wang", version)
    return last


def test_two_people_make_a_key(seeded: Store) -> None:
    """The check value of each component is shown, then that of the key; the components are gone."""
    assert _begin(seeded) == 1
    first = _enter(seeded, READ, 1, ONE, "li")
    assert (first.component, first.key) == (check_value(ONE), None)
    second = _enter(seeded, READ, 2, TWO, "wang")
    assert (second.component, second.key) == (check_value(TWO), check_value(combine(ONE, TWO)))
    assert not second.usable
    with seeded.read() as conn:
        assert conn.execute(select(tables.card_key_components)).all() == []
        assert card_keys.load(conn, KEYRING) is None
        importing = status(conn).importing
    assert importing is not None
    assert importing.missing == [purpose for purpose in KeyPurpose if purpose is not READ]


def test_in_either_order(seeded: Store) -> None:
    """Component 2 may come first."""
    _begin(seeded)
    _enter(seeded, READ, 2, TWO, "wang")
    assert _enter(seeded, READ, 1, ONE, "li").key == check_value(combine(ONE, TWO))


def test_one_person_is_not_two(seeded: Store) -> None:
    """Who entered one component may not enter the other, nor correct that of somebody else."""
    _begin(seeded)
    _enter(seeded, READ, 1, ONE, "li")
    with pytest.raises(ConflictError, match="li entered component 1"):
        _enter(seeded, READ, 2, TWO, "li")
    with pytest.raises(ConflictError, match="Only li may"):
        _enter(seeded, READ, 1, TWO, "wang")


def test_a_component_is_sealed_while_it_waits(seeded: Store) -> None:
    """It stands nowhere in clear, and status tells who brought it."""
    _begin(seeded)
    _enter(seeded, READ, 1, ONE, "li")
    with seeded.read() as conn:
        blob = conn.scalar(select(tables.card_key_components.c.sealed))
        importing = status(conn).importing
    assert blob is not None
    assert ONE not in blob
    assert importing is not None
    (waiting,) = importing.waiting
    assert (waiting.purpose, waiting.component, waiting.by, waiting.check_value) == (READ, 1, "li", check_value(ONE))


def test_a_typing_error_is_entered_anew(seeded: Store) -> None:
    """By the same person, until the key is made; after that the import has to be given up."""
    _begin(seeded)
    _enter(seeded, READ, 1, TWO, "li")
    _enter(seeded, READ, 1, ONE, "li")
    assert _enter(seeded, READ, 2, TWO, "wang").key == check_value(combine(ONE, TWO))
    with pytest.raises(ConflictError, match="gatehouse keys discard 1"):
        _enter(seeded, READ, 1, ONE, "li")


@pytest.mark.parametrize(
    ("component", "key", "said"),
    [(1, b"short", "32 hex"), (1, bytes(16), "zeros"), (3, ONE, "component 2"), (2, ONE, "one person")],
)
def test_what_is_no_component(seeded: Store, component: int, key: bytes, said: str) -> None:
    """Wrong length, zeros, a third one, or the same bytes as the other: nothing is kept."""
    _begin(seeded)
    _enter(seeded, READ, 1, ONE, "li")
    with pytest.raises(MalformedError, match=said):
        _enter(seeded, READ, component, key, "wang")
    with seeded.read() as conn:
        assert len(conn.execute(select(tables.card_key_components)).all()) == 1
        assert conn.execute(select(tables.card_keys)).all() == []


def test_whole_means_current(seeded: Store) -> None:
    """With the last of seven keys cards can be written; an import later replaces what is there as a rotation does."""
    assert _import_all(seeded).usable
    assert _import_all(seeded).version == 2
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
    assert keys is not None
    assert (keys.current, sorted(keys.sets)) == (2, [1, 2])


def test_random_for_the_rest(seeded: Store) -> None:
    """Some keys are brought, the others made; not while one waits for its other half."""
    _begin(seeded)
    _enter(seeded, READ, 1, ONE, "li")
    with pytest.raises(ConflictError, match="one component of two"), seeded.write(SYSTEM) as uow:
        complete(uow, KEYRING, 1, os.urandom)
    _enter(seeded, READ, 2, TWO, "wang")
    with seeded.write(SYSTEM) as uow:
        made = complete(uow, KEYRING, 1, os.urandom)
    assert made == [purpose for purpose in KeyPurpose if purpose is not READ]
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
    assert keys is not None
    assert keys.sets[1].keys[READ] == combine(ONE, TWO)


def test_an_import_stands_in_the_way_of_a_rotation(seeded: Store) -> None:
    """One new version at a time; giving up frees the number."""
    _import_all(seeded)
    assert _begin(seeded) == _begin(seeded) == 2
    with pytest.raises(ConflictError, match="is being imported"), seeded.write(SYSTEM) as uow:
        card_keys.rotate(uow, KEYRING, os.urandom)
    with seeded.write(SYSTEM) as uow:
        discard(uow, 2)
    with seeded.write(SYSTEM) as uow:
        assert card_keys.rotate(uow, KEYRING, os.urandom) == 2


def test_a_version_in_use_is_left_alone(seeded: Store) -> None:
    """Nothing is added to it and it cannot be given up; a version that nobody began is not there."""
    _import_all(seeded)
    with seeded.write(SYSTEM) as uow:
        for attempt in (
            lambda: discard(uow, 1),
            lambda: complete(uow, KEYRING, 1, os.urandom),
            lambda: enter_component(uow, KEYRING, 1, READ, component=1, key=ONE, by="li"),
        ):
            with pytest.raises(ConflictError, match="nothing can be added"):
                attempt()
    with pytest.raises(NotFoundError):
        _enter(seeded, READ, 1, ONE, "li", version=7)


def test_the_last_two_halves_at_one_moment(postgres_store: Store) -> None:
    """Two desks enter the two components at the same time: the key is made all the same."""
    with postgres_store.write(SYSTEM) as uow:
        seed_site(uow)
    _begin(postgres_store)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(_enter, postgres_store, READ, 1, ONE, "li")
        two = pool.submit(_enter, postgres_store, READ, 2, TWO, "wang")
    assert [one.result().key, two.result().key].count(None) == 1
    with postgres_store.read() as conn:
        assert conn.scalars(select(tables.card_keys.c.check_value)).all() == [check_value(combine(ONE, TWO))]


def test_one_key_serves_one_purpose(seeded: Store) -> None:
    """Equal to another purpose's key, of this version or an older one, is refused by both names; nothing is kept."""
    _begin(seeded)
    for login, component, key in (("li", 1, ONE), ("wang", 2, TWO)):
        _enter(seeded, READ, component, key, login)
    _enter(seeded, KeyPurpose.PROOF, 1, TWO, "li")
    with pytest.raises(ConflictError, match="key proof would be the same as the key read of version 1") as refused:
        _enter(seeded, KeyPurpose.PROOF, 2, ONE, "wang")
    assert combine(ONE, TWO).hex() not in str(refused.value)
    _enter(seeded, KeyPurpose.PROOF, 2, bytes(range(70, 86)), "wang")
    with seeded.write(SYSTEM) as uow:
        complete(uow, KEYRING, 1, os.urandom)
    assert _begin(seeded) == 2
    _enter(seeded, KeyPurpose.ISSUER, 1, ONE, "li", version=2)
    with pytest.raises(ConflictError, match="key issuer would be the same as the key read of version 1"):
        _enter(seeded, KeyPurpose.ISSUER, 2, TWO, "wang", version=2)
