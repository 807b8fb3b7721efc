"""What ``gatehouse keys`` does, beside a running gateway or without one: the gateway notices by itself.

No command shows a key; check values only.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from gateway.daemon.config import Config
from gateway.daemon.key_source import naming_the_key, open_keyring
from gateway.daemon.lock import DataLock
from gateway.daemon.looking import looked_at
from gateway.daemon.opening import has_secrets, open_keys, opened
from gateway.ports.cards import KeyPurpose
from gateway.services import card_key_import, card_keys
from gateway.services.card_key_rows import KeySetState
from gateway.services.card_key_status import KeySetStatus, KeyStatus, cards_on_old_keys, status
from gateway.services.keys import Keys
from gateway.services.reseal import reseal
from gateway.signing.keyring import Keyring
from gateway.storage.store import SYSTEM, Store

INIT_NEXT = "Next: gatehouse keys init, or gatehouse keys import when two people bring the keys."


@contextmanager
def at_work(config: Config) -> Iterator[tuple[Store, Keyring]]:
    """The store with a site, and the keyring that is known to open its secrets."""
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened(config) as store:
        ring = open_keyring(config, make=not has_secrets(store))
        open_keys(config, store, ring)
        with naming_the_key(config):
            yield store, ring


def init(config: Config) -> str:
    """The first set, of random keys."""
    with at_work(config) as (store, ring):
        store.run(SYSTEM, lambda uow: card_keys.create(uow, ring, os.urandom))
        return _told(store)


def rotate(config: Config) -> str:
    """A new set; the cards follow as they lie on an encoder."""
    with at_work(config) as (store, ring):
        store.run(SYSTEM, lambda uow: card_keys.rotate(uow, ring, os.urandom))
        return _told(store)


def complete(config: Config) -> str:
    """Random keys for those that nobody brought."""
    with at_work(config) as (store, ring):
        store.run(
            SYSTEM,
            lambda uow: card_key_import.complete(uow, ring, card_key_import.importing(uow.conn), os.urandom),
        )
        return _told(store)


def discard(config: Config, version: int) -> str:
    """Gives an import up."""
    with opened(config) as store:
        store.run(SYSTEM, lambda uow: card_key_import.discard(uow, version))
        return _told(store)


def retire(config: Config, version: int) -> str:
    """Cards with this version are not ours any more."""
    with opened(config) as store:
        store.run(SYSTEM, lambda uow: card_keys.retire(uow, version))
        return _told(store)


def accept(config: Config, version: int) -> str:
    """Takes a retired version back."""
    with opened(config) as store:
        store.run(SYSTEM, lambda uow: card_keys.accept(uow, version))
        return _told(store)


def show_status(config: Config) -> tuple[bool, str]:
    """Whether cards can be written and nothing is left half done; and all there is to say."""
    with looked_at(config) as store, store.read() as conn:
        known = status(conn)
    return known.current is not None and known.importing is None, describe(known)


def report(config: Config) -> str:
    """The cards that still carry an old version: number, version, state, unit and holder, a tab between."""
    with looked_at(config) as store, store.read() as conn:
        found = cards_on_old_keys(conn)
    if not found:
        return "No card carries old keys."
    rows = [(card.number, str(card.key_version), card.state, card.unit or "–", card.holder or "–") for card in found]
    head = ("card", "keys", "state", "unit", "holder")
    end = f"{len(found)} cards carry old keys. Lay each on a desk encoder: it gets the current ones."
    return "\n".join(["\t".join(row) for row in (head, *rows)] + [end])


def try_pin(config: Config) -> str:
    """Gives the token the PIN once, although it tells of a wrong one."""
    if config.keys.pkcs11 is None:
        return "The configuration names no token in [keys.pkcs11]: there is no PIN to try."
    with opened(config) as store:
        sealed = has_secrets(store)
        ring = open_keyring(config, make=not sealed, insist=True)
        with store.read() as conn, naming_the_key(config):
            if sealed:
                Keys.load(conn, ring)
    return "The PIN is right."


def move(config: Config, before: Config) -> str:
    """Seals everything anew with the key of ``config``; ``before`` says where the key was. No gateway may run.

    Raises ConfigError when that key does not open the store, ConflictError beside a running gateway.
    """
    lock = DataLock(config.data)
    try:
        with opened(config) as store, naming_the_key(before):
            old, new = open_keyring(before, make=False), open_keyring(config)
            count = store.run(SYSTEM, lambda uow: reseal(uow, old, new))
    finally:
        lock.release()
    return f"{count} secrets are sealed with the key in its new place. Keep the old one as long as backups need it."


# --- Words ----------------------------------------------------------------------------------------


def _told(store: Store) -> str:
    with store.read() as conn:
        return describe(status(conn))


def describe(known: KeyStatus) -> str:
    """Every version, what it lacks, and the command to type next."""
    if not known.sets:
        return f"The site has no card keys yet: no card can be written.\n{INIT_NEXT}"
    return "\n".join([line for one in known.sets for line in _set(one)] + [_next(known)])


def _set(known: KeySetStatus) -> Iterator[str]:
    since = known.current_since or known.created_at
    yield f"Version {known.version}: {known.state}, {_at(since)}, by {known.created_by}, on {known.cards} cards"
    if known.state is KeySetState.RETIRED:
        return
    for purpose in KeyPurpose:
        yield f"  {purpose.value:<12}{known.check_values.get(purpose) or _lacks(known, purpose)}"


def _lacks(known: KeySetStatus, purpose: KeyPurpose) -> str:
    for half in known.waiting:
        if half.purpose is purpose:
            return (
                f"waits for component {3 - half.component} (component {half.component} {half.check_value} by {half.by})"
            )
    return "missing"


def _next(known: KeyStatus) -> str:
    if known.importing is not None:
        first = known.importing.waiting
        component = 3 - first[0].component if first else 1
        return f"Next: gatehouse keys import --component {component}, or gatehouse keys complete for random ones."
    if known.current is None:
        return INIT_NEXT
    old = [one for one in known.sets if one.state is KeySetState.ACCEPTED]
    if known.old_cards:
        return f"{known.old_cards} cards carry old keys. Next: gatehouse keys report"
    if old:
        return f"No card carries version {old[0].version} any more. Next: gatehouse keys retire {old[0].version}"
    return "Nothing is missing."


def _at(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).astimezone().isoformat(" ", "minutes")
