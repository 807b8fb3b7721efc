"""The demo's readers get their keys as real ones do; nobody takes a key out of the gateway."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.daemon import demo_cards, demo_state
from gateway.daemon.config import load
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import opened
from gateway.domain.identity import IdentityForm
from gateway.ports.cards import CardKeys, KeyPurpose
from gateway.services import card_key_import, card_keys, site
from gateway.services.keys import Keys
from gateway.storage import tables
from gateway.storage.store import SYSTEM, UnitOfWork
from tests.brokers import free_port

BROUGHT = ("read", "issuer", "proof")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A first start, without its processes."""
    with demo_state.claimed(tmp_path / "demo"):
        demo_state.prepare(tmp_path / "demo", free_port())
    demo_cards.teach_readers(tmp_path / "demo")
    return tmp_path / "demo"


def readers(data: Path) -> Any:
    return json.loads((data / "reader-keys.json").read_text())


def sealed(data: Path) -> CardKeys:
    """What the gateway has."""
    config = load(data / "gatehouse.toml")
    with opened(config) as store, store.read() as conn:
        keys = card_keys.load(conn, open_keyring(config))
    assert keys is not None
    return keys


def test_readers_know_what_they_read_with_and_no_more(data: Path) -> None:
    """Three of the seven keys, in a file for its owner alone; two people brought them, and the journal says so."""
    keys, memory = sealed(data).sets[1], readers(data)
    assert memory["versions"] == {"1": {name: keys.keys[KeyPurpose(name)].hex() for name in BROUGHT}}
    assert (memory["site_number"], memory["current"], len(keys.keys)) == (7, 1, 7)
    assert (data / "reader-keys.json").stat().st_mode & 0o077 == 0
    with opened(load(data / "gatehouse.toml")) as store, store.read() as conn:
        kind, body = tables.journal.c.kind, tables.journal.c.body
        told = conn.execute(select(body).where(kind == "card_keys.component_entered")).scalars().all()
    assert {(one["purpose"], one["by"]) for one in map(json.loads, told)} == {
        (purpose, who) for purpose in BROUGHT for who in ("installer-1", "installer-2")
    }


def test_a_restart_changes_nothing(data: Path) -> None:
    """Keys last as long as the demo's directory."""
    before = readers(data), sealed(data).sets[1].keys
    demo_cards.teach_readers(data)
    assert (readers(data), sealed(data).sets[1].keys) == before


@pytest.mark.parametrize("torn", ["lost", "of a store that is gone"])
def test_readers_that_forgot_are_taught_anew(data: Path, torn: str) -> None:
    """A memory that is lost, or that is not of these keys: the next version; cards of the first stay ours."""
    if torn == "lost":
        (data / "reader-keys.json").unlink()
    else:
        strange = dict.fromkeys(BROUGHT, "11" * 16)
        (data / "reader-keys.json").write_text(json.dumps(readers(data) | {"versions": {"1": strange}}))
    demo_cards.teach_readers(data)
    keys, memory = sealed(data), readers(data)
    assert (keys.current, memory["current"], sorted(keys.sets)) == (2, 2, [1, 2])
    assert memory["versions"]["2"]["read"] == keys.sets[2].keys[KeyPurpose.READ].hex()


def test_a_rotation_by_hand_is_followed(data: Path) -> None:
    """What the readers could not know is replaced by what they know; while somebody brings keys, nothing happens."""
    change(data, lambda uow: card_keys.rotate(uow, open_keyring(load(data / "gatehouse.toml")), secrets.token_bytes))
    demo_cards.teach_readers(data)
    assert (sealed(data).current, sorted(readers(data)["versions"])) == (3, ["1", "3"])
    change(data, card_key_import.begin_import)
    (data / "reader-keys.json").unlink()
    demo_cards.teach_readers(data)
    assert not (data / "reader-keys.json").exists()


def test_a_demo_from_before_there_were_card_keys(data: Path) -> None:
    """Gets readers that know our number, beside what they knew."""
    ring = open_keyring(load(data / "gatehouse.toml"))

    def as_before(uow: UnitOfWork) -> None:
        for table in (tables.card_keys, tables.card_key_sets):
            uow.conn.execute(table.delete())
        keys = Keys.load(uow.conn, ring)
        for area in site.list_areas(uow.conn):
            site.set_area_forms(uow, keys, area.id, [form for form in area.forms if form is not IdentityForm.SECURE])

    change(data, as_before)
    (data / "reader-keys.json").unlink()
    demo_cards.teach_readers(data)
    with opened(load(data / "gatehouse.toml")) as store, store.read() as conn:
        forms = {area.id: set(area.forms) for area in site.list_areas(conn)}
    usual = {IdentityForm.SECURE, IdentityForm.UID}
    assert forms == {f"building-{n}": usual for n in (1, 2, 3)} | {
        "compound": usual,
        "car-park": usual | {IdentityForm.W26},
    }
    assert readers(data)["versions"]["1"]["read"] == sealed(data).sets[1].keys[KeyPurpose.READ].hex()


def change(data: Path, act: Any) -> None:
    with opened(load(data / "gatehouse.toml")) as store:
        store.run(SYSTEM, act)
