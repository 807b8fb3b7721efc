"""The site's secrets: made once, sealed in the store, opened once at start."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import Connection, insert, select

from gateway.domain.errors import NotFoundError
from gateway.domain.identity import KeyMaker
from gateway.signing.keyring import Keyring
from gateway.signing.keys import SigningKey
from gateway.signing.slip_token import SlipKeys
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import secrets, site

SIGNING_KEY: Final = "signing-key"
LIST_KEY: Final = "list-key"
SLIP_KEY: Final = "slip-key"
ID_HASH_KEY: Final = "id-hash-key"
_NAMES: Final = (SIGNING_KEY, LIST_KEY, SLIP_KEY, ID_HASH_KEY)


def make_secrets(uow: UnitOfWork, keyring: Keyring, random: Callable[[int], bytes] = os.urandom) -> None:
    """Four times 32 random bytes, each sealed for its own purpose."""
    rows = [{"name": name, "sealed": keyring.seal(f"site/{name}", random(32))} for name in _NAMES]
    uow.conn.execute(insert(secrets), rows)


def load_secret(conn: Connection, keyring: Keyring, name: str) -> bytes:
    """One secret in clear. Raises NotFoundError when the site has none, UnsealError with the wrong keyring."""
    sealed = conn.execute(select(secrets.c.sealed).where(secrets.c.name == name)).scalar()
    if sealed is None:
        raise NotFoundError("The site has no secret “%(name)s”. Create the site first.", name=name)
    return keyring.unseal(f"site/{name}", sealed)


@dataclass(frozen=True, slots=True)
class Keys:
    """What services need of the site's secrets. Shows none of them."""

    list: KeyMaker
    signing: SigningKey
    slips: SlipKeys
    id_hash: bytes
    site_number: int

    @classmethod
    def load(cls, conn: Connection, keyring: Keyring) -> Self:
        """Opens the secrets of the site in the store."""
        number = conn.execute(select(site.c.number)).scalar()
        if number is None:
            raise NotFoundError("There is no site yet. Create it first.")
        return cls(
            KeyMaker(load_secret(conn, keyring, LIST_KEY)),
            SigningKey(load_secret(conn, keyring, SIGNING_KEY)),
            SlipKeys.of(SigningKey(load_secret(conn, keyring, SLIP_KEY))),
            load_secret(conn, keyring, ID_HASH_KEY),
            number,
        )

    def __repr__(self) -> str:
        return "Keys(…)"
