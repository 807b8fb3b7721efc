"""Opens what a gateway stands on: store, keyring, the site and its keys. The command line uses it as well."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import ArgumentError

from gateway.daemon.config import Config, ConfigError, MqttTable
from gateway.daemon.key_source import naming_the_key
from gateway.domain.person import Role
from gateway.ports import BrokerAccounts
from gateway.runtime.clock import SteadyClock
from gateway.runtime.house import BrokerAddress
from gateway.services import accounts, site
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from sync.mosquitto import MosquittoAccounts

MARK_FILE: Final = "high-water.json"
ADMIN: Final = "admin"


def connect(config: Config, clock: Callable[[], float] = time.time) -> Store:
    """The store as it is; nothing is opened or made yet. Raises ConfigError for a URL of something else."""
    try:
        return Store(config.store.url, clock=clock)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "store.url: this is no address of a store; write sqlite:////path/to/gatehouse.db or "
            "postgresql://user@host/database."
        ) from error


def open_store(config: Config, clock: SteadyClock) -> Store:
    """The store at the newest schema; the clock is not behind its last record."""
    store = connect(config, clock.wall)
    if store.engines.path is not None:
        _make_private(Path(store.engines.path))
    store.migrate()
    with store.read() as conn:
        last_ms = conn.scalar(select(func.max(tables.journal.c.at)))
    clock.raise_floor((last_ms or 0) / 1000)
    return store


def _make_private(database: Path) -> None:
    """SQLite would make the file readable by everybody; its log and index take the mode of the file."""
    try:
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigError("store.url: %(path)s: %(why)s.", path=str(database), why=error.strerror) from error


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """A store for one command."""
    store = open_store(config, SteadyClock())
    try:
        yield store
    finally:
        store.close()


def has_secrets(store: Store) -> bool:
    """Whether a key sealed something in the store already."""
    with store.read() as conn:
        return conn.scalar(select(tables.secrets.c.name).limit(1)) is not None


def broker_address(mqtt: MqttTable) -> BrokerAddress:
    """Where controllers find the broker."""
    ca_file = None if mqtt.ca_file is None else str(mqtt.ca_file)
    return BrokerAddress(mqtt.controllers_host or mqtt.host, mqtt.controllers_port or mqtt.port, ca_file)


def broker_accounts(mqtt: MqttTable) -> BrokerAccounts | None:
    """The accounts at the broker, when they are ours to keep."""
    return None if mqtt.mosquitto_directory is None else MosquittoAccounts(mqtt.mosquitto_directory)


def open_keys(config: Config, store: Store, ring: Keyring) -> Keys:
    """The site's keys; makes the site first when the store has none and the configuration names it."""
    with store.read() as conn:
        known = conn.scalar(select(tables.site.c.id)) is not None
    if not known:
        make_site(config, store, ring)
    with store.read() as conn, naming_the_key(config):
        return Keys.load(conn, ring)


def make_site(config: Config, store: Store, ring: Keyring) -> None:
    """The site as the table ``[site]`` names it."""
    if config.site is None:
        raise ConfigError("The store has no site yet. Name it in a table [site] with slug, number, name and timezone.")
    with store.write(SYSTEM) as uow:
        site.create_site(uow, **config.site.model_dump(), keyring=ring)


def first_sign_in(store: Store, url: str) -> str | None:
    """While nobody can sign in yet: a link that lets an administrator in once."""
    with store.read() as conn:
        if accounts.list_users(conn):
            return None
    with store.write(SYSTEM) as uow:
        accounts.create_user(uow, login=ADMIN, name="Administrator", roles={Role.ADMIN})
    return sign_in_link(store, ADMIN, url)


def sign_in_link(store: Store, login: str, url: str) -> str | None:
    """A link that signs the user in once, within ten minutes; None when there is no such user."""
    with store.write(SYSTEM) as uow:
        user = next((user for user in accounts.list_users(uow.conn) if user.login == login), None)
        return None if user is None else f"{url}/sign-in/{accounts.make_sign_in_link(uow, user.id)}"
