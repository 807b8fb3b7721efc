"""The demo's card keys: two people bring in what the simulated readers need, as an installer would for real ones.

``reader-keys.json`` is what the readers remember::

    {v: 1, site_number, current, versions: {"1": {read, issuer, application}}}      # hexadecimal, 16 bytes each

Nothing is taken out of the gateway for it: these keys are known here before they are sealed there.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.daemon.commands import write_private
from gateway.daemon.config import load
from gateway.daemon.demo_state import READER_KEYS
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import opened
from gateway.domain.identity import IdentityForm
from gateway.ports.cards import KEY_SIZE, KeyPurpose
from gateway.services import card_key_import, site
from gateway.services.card_key_status import KeyStatus, status
from gateway.services.keys import Keys
from gateway.signing.components import check_value, combine
from gateway.signing.keyring import Keyring
from gateway.storage.store import SYSTEM, Store, UnitOfWork

# What readers check: access to the file, the CMAC in it, and the proof of an FMCOS card that it is no copy.
_BROUGHT: Final = (KeyPurpose.READ, KeyPurpose.ISSUER, KeyPurpose.PROOF)
_PEOPLE: Final = ("installer-1", "installer-2")

Memory = dict[str, dict[str, str]]


def teach_readers(data: Path) -> None:
    """The site has card keys, and the simulated readers know those that they read with.

    A version that somebody made meanwhile (``gatehouse keys rotate``) is followed by one that the readers know.
    """
    config = load(data / "gatehouse.toml")
    with opened(config) as store:
        memory = _remembered(data / READER_KEYS)
        with store.read() as conn:
            known = status(conn)
        if known.importing is None and not _know(memory, known):
            _bring(store, open_keyring(config), known, data / READER_KEYS, memory)


def _remembered(file: Path) -> Memory:
    if not file.exists():
        return {}
    versions: Memory = json.loads(file.read_text("utf-8"))["versions"]
    return versions


def _know(memory: Mapping[str, Mapping[str, str]], known: KeyStatus) -> bool:
    """Whether the readers have the current keys: the numbers of versions alone do not tell."""
    if known.current is None:
        return False
    keys = memory.get(str(known.current.version), {})
    return all(
        purpose in keys and check_value(bytes.fromhex(keys[purpose])) == known.current.check_values[purpose]
        for purpose in _BROUGHT
    )


def _bring(store: Store, ring: Keyring, known: KeyStatus, file: Path, memory: Memory) -> None:
    with store.write(SYSTEM) as uow:
        if not known.sets:
            _mount_readers(uow, ring)
        version, keys = _enter(uow, ring)
        told = {"versions": memory | {str(version): keys}, "current": version}
        number = site.describe(uow.conn).number
        # Before the commit: what no store knows is brought again, what no reader knows could never be given to one.
        write_private(file, json.dumps({"v": 1, "site_number": number, **told}, indent=2))


def _enter(uow: UnitOfWork, ring: Keyring) -> tuple[int, dict[str, str]]:
    """Both people enter their components; the gateway draws the keys that no reader needs."""
    version = card_key_import.begin_import(uow)
    keys: dict[str, str] = {}
    for purpose in _BROUGHT:
        halves = [secrets.token_bytes(KEY_SIZE) for _ in _PEOPLE]
        for component, (half, who) in enumerate(zip(halves, _PEOPLE, strict=True), 1):
            card_key_import.enter_component(uow, ring, version, purpose, component=component, key=half, by=who)
        keys[purpose.value] = combine(*halves).hex()
    card_key_import.complete(uow, ring, version, secrets.token_bytes)
    return version, keys


def _mount_readers(uow: UnitOfWork, ring: Keyring) -> None:
    """A compound from before there were card keys: its readers show our number from now on, where a card has one."""
    keys = Keys.load(uow.conn, ring)
    for area in site.list_areas(uow.conn):
        if IdentityForm.SECURE not in area.forms:
            site.set_area_forms(uow, keys, area.id, (IdentityForm.SECURE, *area.forms))
