"""What the command line does with a store, beside a running gateway or without one."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

from gateway.daemon.config import Config, ConfigError
from gateway.daemon.key_source import naming_the_key, open_keyring
from gateway.daemon.looking import looked_at
from gateway.daemon.opening import (
    MARK_FILE,
    broker_accounts,
    broker_address,
    opened,
    sign_in_link,
)
from gateway.domain.errors import NotFoundError
from gateway.domain.identity import Identity, IdentityKind
from gateway.services import site
from gateway.services import why as reasons
from gateway.services.keys import Keys
from gateway.storage import lists, verification
from gateway.storage.highwater import HighWater
from gateway.storage.store import SYSTEM


def parse_identity(text: str) -> Identity:
    """``04a1b2c3`` is a UID; ``plate:粤B12345``, ``pin:1234``, ``secure:…`` say their kind. Raises MalformedError."""
    kind, colon, value = text.partition(":")
    named = {known.name.lower(): known for known in IdentityKind}.get(kind)
    return Identity.uid(text) if named is None or not colon else Identity.parse(named, value)


def why(config: Config, portal: str, identity: str) -> str:
    """Whether the credential would pass now, in one sentence."""
    asked = parse_identity(identity)
    with looked_at(config) as store, store.read() as conn:
        with naming_the_key(config):
            keys = Keys.load(conn, open_keyring(config, make=False))
        at = int(datetime.now(UTC).timestamp())
        where = site.get_portal(conn, portal)
        return reasons.why(conn, keys, lists.load(conn), lists.calendar(conn), where, asked, at).sentence


def show_fleet(config: Config) -> None:
    """A table of controllers and the lists they hold."""
    with looked_at(config) as store, store.read() as conn:
        ours = {known.area.id: known.version for known in site.list_lists(conn)}
        views = site.list_controllers(conn)
    table = Table("controller", "state", "last heard", "lists (held / ours)", "software")
    for view in views:
        report = view.report or {}
        held = {name: state["version"] for name, state in report.get("lists", {}).items()}
        said = ", ".join(f"{name} {version}/{ours.get(name, '?')}" for name, version in sorted(held.items()))
        state = "online" if report.get("online") else "offline" if report else "never heard"
        seen = datetime.fromtimestamp(view.seen_at, UTC).astimezone().isoformat(" ", "seconds") if view.seen_at else "–"
        table.add_row(view.id, state, seen, said or "–", str(report.get("software", "–")))
    Console().print(table)


def verify_audit(config: Config) -> tuple[bool, str]:
    """Whether the chain is whole, and what to say."""
    with looked_at(config) as store, store.read() as conn:
        report = verification.verify(conn)
    if report.ok:
        return True, f"The journal is whole: {report.checked} records checked."
    return False, f"The journal is NOT whole at record {report.first_bad_seq}: {report.what}"


def enrol(config: Config, controller: str, out: Path) -> str:
    """Writes the provisioning file with mode 0600."""
    if config.mqtt is None:
        raise ConfigError("mqtt: is missing; a controller is enrolled with the address of a broker.")
    address, accounts = broker_address(config.mqtt), broker_accounts(config.mqtt)
    ring = open_keyring(config, make=False)
    password = secrets.token_urlsafe(24)
    with private_file(out) as file, opened(config) as store, store.write(SYSTEM) as uow:
        with naming_the_key(config):
            parts = site.enrol_controller(uow, ring, controller, address, lambda name: (name, password))
        if accounts is not None:
            accounts.enrol(controller, password)
        file.write(json.dumps(parts, indent=2))
        file.flush()  # a full disk is noticed before the old credentials are gone
    return f"{out} holds what {controller} needs, and secrets: hand it over in person, then delete it."


def raise_epoch(config: Config) -> str:
    """After a restore from a backup: a new epoch for every list, above all that was ever published."""
    marks = HighWater(config.data / MARK_FILE).marks
    with opened(config) as store, store.write(SYSTEM) as uow:
        epoch = uow.raise_epochs(max((epoch for epoch, _version in marks.values()), default=0))
    return f"Lists are at epoch {epoch} now. Restart the gateway; every controller takes its lists anew."


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """To write what its owner alone may read; it takes its place when the block ends well, and never in part.

    Raises ConfigError at once when it cannot be written there.
    """
    if path.is_dir():
        raise ConfigError("%(path)s is a directory; name a file in it.", path=str(path))
    beside = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ConfigError("%(path)s cannot be written: %(why)s.", path=str(path), why=error.strerror) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """A new content, whole or not at all, readable by the owner alone."""
    with private_file(path) as file:
        file.write(text)


def user_link(config: Config, login: str) -> str:
    """A link for one person. Raises NotFoundError."""
    with opened(config) as store:
        link = sign_in_link(store, login, config.http.url)
    if link is None:
        raise NotFoundError("There is no user %(login)s.", login=login)
    return link
