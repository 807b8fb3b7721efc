"""Looks at everything a configuration names, and changes nothing."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, make_url, select

from drivers import registry
from drivers.registry import Sinks
from gateway.daemon.config import Config
from gateway.daemon.key_source import look, naming_the_key, open_keyring, setting, will_be_made
from gateway.daemon.looking import is_new
from gateway.daemon.opening import connect, has_secrets
from gateway.domain.errors import GatehouseError
from gateway.services import card_keys, site
from gateway.services.keys import Keys
from gateway.storage import tables
from gateway.storage.schema import REVISIONS, found_revision
from gateway.storage.store import Store

ROOM_BYTES: Final = 256 * 1024 * 1024
POSTGRESQL_PORT: Final = 5432
# Devices are put together to check their settings, and never run: they report nothing.
_NOBODY: Final[Any] = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    good: bool
    said: str


def examine(config: Config) -> list[Finding]:
    """All findings; a gateway may be running."""
    return [*_data(config.data), *_stored(config), *_broker(config), *_devices(config), *_shared_ports(config)]


def _data(data: Path) -> Iterator[Finding]:
    there = data if data.exists() else data.parent
    yield Finding(
        "data", os.access(there, os.W_OK), f"{data} {'is' if os.access(there, os.W_OK) else 'is not'} writable"
    )
    if there.exists():
        free = shutil.disk_usage(there).free
        yield Finding("disk", free >= ROOM_BYTES, f"{free // 1024 // 1024} MiB free")


def _stored(config: Config) -> list[Finding]:
    """The store, and all that can be told only with what is in it."""
    try:
        with closing(connect(config)) as store:
            return [*_empty(config, store), *_keys(config, None)] if is_new(store) else [*_inside(config, store)]
    except GatehouseError as error:
        return [Finding("store", False, _with_cause(config, error))]


def _with_cause(config: Config, error: GatehouseError) -> str:
    """The sentence, where the server should be, and what the driver said of it."""
    cause = getattr(error.__cause__, "orig", None)
    if cause is None:
        return str(error)
    url = make_url(config.store.url)
    where = f"{url.host}:{url.port or POSTGRESQL_PORT}" if url.host else url.database
    return f"{where}: {error} ({' '.join(str(cause).split())})"


def _empty(config: Config, store: Store) -> Iterator[Finding]:
    if store.engines.path is None:
        yield Finding("store", True, "has no schema yet; the first start makes it")
    else:
        path = Path(store.engines.path)
        good = path.parent.is_dir() or path.parent == config.data
        said = "will be made at the first start" if good else "cannot be made: there is no such directory"
        yield Finding("store", good, f"{path} {said}")
    yield from _site(config)


def _site(config: Config) -> Iterator[Finding]:
    if config.site is None:
        yield Finding("site", False, "the store has none yet; name it in a table [site] with slug and name")


def _inside(config: Config, store: Store) -> Iterator[Finding]:
    with store.read() as conn:
        found = found_revision(conn)
        if found is None:
            yield from (*_empty(config, store), *_keys(config, None))
        elif found != REVISIONS[-1]:
            older = found in REVISIONS
            said = "the next start upgrades it" if older else f"a newer Gatehouse wrote it; this knows {REVISIONS[-1]}"
            yield Finding("store", older, f"schema {found}: {said}")
        else:
            yield Finding("store", True, "answers")
            if conn.scalar(select(tables.site.c.id)) is None:
                yield from _site(config)
            yield from _keys(config, store)
            yield from _places(config, conn)


def _keys(config: Config, store: Store | None) -> Iterator[Finding]:
    """``store`` is None while there is nothing sealed to try the key on."""
    what = setting(config)
    try:
        yield Finding(what, True, _tried(config, sealed=store if store is not None and has_secrets(store) else None))
    except GatehouseError as error:
        yield Finding(what, False, str(error))
    except OSError as error:
        yield Finding(what, False, f"{error.filename}: {error.strerror}")


def _tried(config: Config, sealed: Store | None) -> str:
    if sealed is None:
        return will_be_made(config) or look(config)
    ring = open_keyring(config, make=False)
    with sealed.read() as conn, naming_the_key(config):
        Keys.load(conn, ring)
        keys = card_keys.load(conn, ring)
    told = (
        "; there are no card keys yet: gatehouse keys init" if keys is None else f", card keys version {keys.current}"
    )
    return f"opens the secrets in the store{told}"


def _places(config: Config, conn: Connection) -> Iterator[Finding]:
    """Portals and posts that devices stand at."""
    there = {
        "portal": {portal.id for portal in site.list_portals(conn)},
        "post": {post.id for post in site.list_posts(conn)},
    }
    for kind, known in there.items():
        for name, place in config.placed(kind).items():
            if place not in known:
                said = f"stands at {kind} {place}, which the store does not know; add it with POST /api/v1/{kind}s"
                yield Finding(f"device {name}", False, said)


def _broker(config: Config) -> Iterator[Finding]:
    if config.mqtt is None:
        return
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        config.mqtt.secret()
        socket.create_connection((config.mqtt.host, config.mqtt.port), timeout=3).close()
    except (OSError, GatehouseError) as error:
        yield Finding("mqtt", False, f"{where}: {error}")
    else:
        yield Finding("mqtt", True, f"{where} can be reached")


def _devices(config: Config) -> Iterator[Finding]:
    for device in config.devices:
        what = f"device {device.name}"
        try:
            registry.build(device.settings(), Sinks(_NOBODY, _NOBODY, _NOBODY, _NOBODY))
        except GatehouseError as error:
            yield Finding(what, False, str(error))
            continue
        link = str((device.model_extra or {}).get("link", ""))
        if link.startswith("/"):
            there = Path(link).exists()
            yield Finding(what, there, f"{link} {'is there' if there else 'is not there'}")


def _shared_ports(config: Config) -> Iterator[Finding]:
    """Two devices that would listen at one place; port 0 takes any free one."""
    taken: dict[tuple[str, int], str] = {}
    for device in config.devices:
        more = device.model_extra or {}
        port = more.get("port", 0)
        if not device.kind.startswith("vpcd-") or not isinstance(port, int) or port == 0:
            continue
        first = taken.setdefault((str(more.get("host", "127.0.0.1")), port), device.name)
        if first != device.name:
            yield Finding(f"device {device.name}", False, f"port {port} is taken by {first}; give it another")
