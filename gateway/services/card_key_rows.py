"""The rows that hold card master keys: sealed, each for its own version and purpose."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, insert, select

from gateway.domain.errors import NotFoundError
from gateway.ports.cards import CardKeySet, KeyPurpose
from gateway.signing.components import check_value
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import card_key_sets, card_keys, site

ALGORITHM: Final = "aes-128"
MAX_VERSION: Final = 255


class KeySetState(StrEnum):
    """``importing``: not whole yet. ``current`` is written on cards, ``accepted`` only read, ``retired`` neither."""

    IMPORTING = "importing"
    CURRENT = "current"
    ACCEPTED = "accepted"
    RETIRED = "retired"


def take_turns(conn: Connection) -> None:
    """Two people who change key sets at the same moment do it one after the other."""
    conn.execute(select(site.c.id).with_for_update())


def state_of(conn: Connection, version: int) -> KeySetState:
    """Raises NotFoundError."""
    state = conn.scalar(select(card_key_sets.c.state).where(card_key_sets.c.version == version))
    if state is None:
        raise NotFoundError("There is no version %(version)s of the card keys.", version=version)
    return KeySetState(state)


def versions_in(conn: Connection, *states: KeySetState) -> list[int]:
    """In rising order."""
    query = select(card_key_sets.c.version).where(card_key_sets.c.state.in_(states))
    return list(conn.scalars(query.order_by(card_key_sets.c.version)))


def all_versions(conn: Connection) -> list[int]:
    """In whatever state, in rising order."""
    return versions_in(conn, *KeySetState)


def newest(conn: Connection) -> int:
    """The highest version that there ever was; 0 before the first."""
    return conn.scalar(select(card_key_sets.c.version).order_by(card_key_sets.c.version.desc()).limit(1)) or 0


def held(conn: Connection, version: int) -> set[KeyPurpose]:
    """The purposes that have a key."""
    return {
        KeyPurpose(name) for name in conn.scalars(select(card_keys.c.purpose).where(card_keys.c.version == version))
    }


def keep(uow: UnitOfWork, keyring: Keyring, version: int, purpose: KeyPurpose, key: bytes) -> str:
    """Seals one key into the store; returns its check value."""
    shown = check_value(key)
    sealed = keyring.seal(place(version, purpose), key)
    row = {"version": version, "purpose": purpose.value, "algorithm": ALGORITHM, "sealed": sealed, "check_value": shown}
    uow.conn.execute(insert(card_keys).values(row))
    return shown


def open_sets(conn: Connection, keyring: Keyring, versions: Collection[int]) -> dict[int, CardKeySet]:
    """The keys of these versions in clear. Raises UnsealError with the wrong keyring."""
    rows = conn.execute(select(card_keys).where(card_keys.c.version.in_(versions))).all()
    clear: dict[int, dict[KeyPurpose, bytes]] = {version: {} for version in versions}
    for row in rows:
        clear[row.version][KeyPurpose(row.purpose)] = keyring.unseal(
            place(row.version, row.purpose, row.algorithm), row.sealed
        )
    return {version: CardKeySet(version, keys) for version, keys in clear.items()}


def place(version: int, purpose: str, algorithm: str = ALGORITHM) -> str:
    """What a sealed key is bound to: it opens in no other place."""
    return f"card-key/{version}/{purpose}/{algorithm}"
