"""The site's secrets are sealed in the store and shown by nothing."""

import pytest
from sqlalchemy import select

from gateway.domain.errors import NotFoundError
from gateway.services.keys import LIST_KEY, SIGNING_KEY, Keys, load_secret
from gateway.signing.keyring import Keyring, UnsealError
from gateway.storage.store import Store
from gateway.storage.tables import secrets
from tests.gateway.services.small_compound import KEYRING, Compound


def test_keys_are_the_same_each_time_they_are_loaded(compound: Compound) -> None:
    with compound.store.read() as conn:
        again = Keys.load(conn, KEYRING)
    assert again.signing.public == compound.keys.signing.public
    assert (again.id_hash, again.site_number) == (compound.keys.id_hash, 7)


def test_four_different_secrets_none_in_clear(compound: Compound) -> None:
    with compound.store.read() as conn:
        names = [row.name for row in conn.execute(select(secrets))]
        clear = {load_secret(conn, KEYRING, name) for name in names}
        stored = b"".join(row.sealed for row in conn.execute(select(secrets)))
    assert len(clear) == len(names) == 4
    assert not any(secret in stored for secret in clear)
    assert repr(compound.keys) == "Keys(…)"


def test_another_keyring_opens_nothing(compound: Compound) -> None:
    with compound.store.read() as conn, pytest.raises(UnsealError):
        Keys.load(conn, Keyring(bytes(32)))


def test_a_secret_does_not_open_in_anothers_place(compound: Compound) -> None:
    with compound.desk() as uow:
        sealed = uow.conn.execute(select(secrets.c.sealed).where(secrets.c.name == LIST_KEY)).scalar_one()
        uow.conn.execute(secrets.update().where(secrets.c.name == SIGNING_KEY).values(sealed=sealed))
        with pytest.raises(UnsealError):
            load_secret(uow.conn, KEYRING, SIGNING_KEY)


def test_a_store_without_a_site_has_no_keys(sqlite_store: Store) -> None:
    with sqlite_store.read() as conn, pytest.raises(NotFoundError):
        Keys.load(conn, KEYRING)
