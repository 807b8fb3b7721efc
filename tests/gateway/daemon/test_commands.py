"""What the command line does beside a gateway: why, enrol, verify, links, epochs."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.daemon import commands
from gateway.daemon.config import Config, ConfigError
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import opened
from gateway.domain.errors import MalformedError, NotFoundError
from gateway.domain.identity import Identity, IdentityKind
from gateway.services import seed
from gateway.storage import lists
from gateway.storage.highwater import HighWater
from gateway.storage.store import SYSTEM
from tests.gateway.daemon.conftest import Configured

MQTT = '[mqtt]\nhost = "127.0.0.1"\nport = 1883\ncontrollers_host = "broker.lan"\ncontrollers_port = 8883\n'


@pytest.fixture
def compound(configured: Configured) -> Config:
    """The demo's compound, without its processes."""
    config = configured(MQTT)
    with opened(config) as store, store.write(SYSTEM) as uow:
        seed.seed_compound(uow, open_keyring(config))
    return config


@pytest.mark.parametrize(
    ("typed", "identity"),
    [
        ("04:a1:b2:c3", Identity.uid("04a1b2c3")),
        ("plate:粤b 12345", Identity.plate("粤B12345")),
        ("secure:0102030405060708", Identity(IdentityKind.SECURE, bytes(range(1, 9)))),
        ("pin:1234", Identity(IdentityKind.PIN, b"1234")),
    ],
)
def test_identities_as_typed(typed: str, identity: Identity) -> None:
    """A UID with or without colons, everything else by its kind."""
    assert commands.parse_identity(typed) == identity


def test_nonsense_is_said() -> None:
    """In a sentence."""
    with pytest.raises(MalformedError):
        commands.parse_identity("plate:?")


def test_why(compound: Config) -> None:
    """Names the card's holder, or says that nobody knows it."""
    with opened(compound) as store, store.read() as conn:
        uid = conn.execute(text("SELECT uid FROM cards WHERE number = '0417'")).scalar_one()
    assert "李娜" in commands.why(compound, "main-in", uid.hex())
    assert "No card" in commands.why(compound, "main-in", "deadbeef")
    with pytest.raises(NotFoundError):
        commands.why(compound, "nowhere", "deadbeef")


def test_enrolling_writes_a_private_file(compound: Config, tmp_path: Path) -> None:
    """With the broker's address as controllers see it."""
    out = tmp_path / "gate-1.json"
    assert "secrets" in commands.enrol(compound, "gate-1", out)
    parts = json.loads(out.read_text())
    assert (parts["controller"], parts["broker"]["host"], parts["broker"]["port"]) == ("gate-1", "broker.lan", 8883)
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(NotFoundError):
        commands.enrol(compound, "gate-9", out)


def test_enrolling_to_nowhere_changes_nothing(compound: Config, tmp_path: Path) -> None:
    """The file is opened before the old credentials go."""
    (tmp_path / "there").mkdir()
    before = commands.verify_audit(compound)
    for out in (tmp_path / "none" / "gate-1.json", tmp_path / "there"):
        with pytest.raises(ConfigError, match=f"{out} (cannot be written|is a directory)"):
            commands.enrol(compound, "gate-1", out)
    assert commands.verify_audit(compound) == before
    with pytest.raises(NotFoundError):
        commands.enrol(compound, "gate-9", tmp_path / "gate-9.json")
    assert not list(tmp_path.glob("*gate-9*"))


def test_enrolling_needs_a_broker(configured: Configured, tmp_path: Path) -> None:
    """Or there is nothing to tell."""
    with pytest.raises(ConfigError, match="mqtt"):
        commands.enrol(configured(""), "gate-1", tmp_path / "x")


def test_audit(compound: Config) -> None:
    """Whole, until somebody changes a record behind its back."""
    assert commands.verify_audit(compound)[0]
    with opened(compound) as store, store.write(SYSTEM) as uow:
        uow.conn.execute(text("DROP TRIGGER IF EXISTS journal_no_update"))
        triggers = uow.conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for trigger in triggers:
            uow.conn.execute(text(f"DROP TRIGGER {trigger}"))
        uow.conn.execute(text("UPDATE journal SET actor = 'nobody' WHERE seq = 5"))
    good, said = commands.verify_audit(compound)
    assert not good
    assert "record 5" in said


def test_links(compound: Config) -> None:
    """For whoever has a login."""
    assert commands.user_link(compound, "desk").startswith("http://127.0.0.1:8080/sign-in/")
    with pytest.raises(NotFoundError):
        commands.user_link(compound, "nobody")


def test_a_new_epoch_is_above_all_that_was_published(compound: Config) -> None:
    """Also above what the store, restored from a backup, does not know any more."""
    HighWater(compound.data / "high-water.json").advance({"compound": (6, 900)})
    assert "epoch 7" in commands.raise_epoch(compound)
    with opened(compound) as store, store.read() as conn:
        assert {whitelist.epoch for whitelist in lists.load(conn).values()} == {7}


def test_the_fleet_is_shown(compound: Config, capsys: pytest.CaptureFixture[str]) -> None:
    """Every controller, also one that never spoke."""
    commands.show_fleet(compound)
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("gate-1", "gate-2", "gate-3", "never heard"))
