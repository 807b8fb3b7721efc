"""The card keys in clear: those of now, and while the store is away those of before."""

import os

import pytest

from gateway.domain.errors import StoreBusyError
from gateway.runtime.card_book import CardBook
from gateway.services import card_keys
from gateway.signing.keyring import Keyring
from gateway.storage.store import SYSTEM, Store

KEYRING = Keyring(bytes(range(32)))


@pytest.fixture
def site_store(sqlite_store: Store) -> Store:
    """A site with its first card keys."""
    with sqlite_store.write(SYSTEM) as uow:
        card_keys.create(uow, KEYRING, os.urandom)
    return sqlite_store


def _away() -> object:
    raise StoreBusyError("The store is in use.")


def test_a_new_version_counts_at_once(site_store: Store) -> None:
    book = CardBook(site_store, KEYRING)
    first = book.keys()
    assert first is not None
    assert book.keys() is first
    with site_store.write(SYSTEM) as uow:
        card_keys.rotate(uow, KEYRING, os.urandom)
    second = book.keys()
    assert second is not None
    assert (second.current, sorted(second.sets)) == (2, [1, 2])


def test_the_keys_of_before_serve_while_the_store_is_away(site_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate reads cards then too, as it decides by the lists it has in memory."""
    book = CardBook(site_store, KEYRING)
    known = book.keys()
    monkeypatch.setattr(site_store, "read", _away)
    assert book.keys() is known
    with pytest.raises(StoreBusyError):
        CardBook(site_store, KEYRING).keys()


def test_it_shows_no_key(site_store: Store) -> None:
    book = CardBook(site_store, KEYRING)
    keys = book.keys()
    assert keys is not None
    shown = f"{book!r} {keys!r} {vars(book)!r}"
    secrets = [secret for known in keys.sets.values() for secret in known.keys.values()]
    assert secrets
    assert not any(repr(secret)[2:-1] in shown or secret.hex() in shown.lower() for secret in secrets)
