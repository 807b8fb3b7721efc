"""check-config looks at all that the configuration names and changes nothing."""

import socket
from pathlib import Path

import pytest

from gateway.daemon.config import Config, StoreTable
from gateway.daemon.doctor import examine
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import opened
from gateway.services import seed
from gateway.storage.store import SYSTEM
from tests.gateway.daemon.conftest import Configured


def test_a_first_start_is_announced(configured: Configured, tmp_path: Path) -> None:
    """Nothing is made by looking."""
    before = sorted(tmp_path.iterdir()) or [tmp_path / "gatehouse.toml"]
    findings = {finding.what: finding for finding in examine(configured(""))}
    assert findings["data"].good
    assert "first start" in findings["store"].said
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_missing_is_bad(configured: Configured) -> None:
    """A broker nobody serves, a port nobody plugged in."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    scanner = '[[devices]]\nkind = "line-scanner"\nname = "s"\nlink = "/dev/none"\n'
    more = f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n{scanner}'
    bad = [finding.what for finding in examine(configured(more)) if not finding.good]
    assert bad == ["mqtt", "device s"]


def test_a_broker_that_answers_is_good(configured: Configured) -> None:
    """By connecting to it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        more = f'[mqtt]\nhost = "127.0.0.1"\nport = {probe.getsockname()[1]}\n'
        assert all(finding.good for finding in examine(configured(more)))


def test_an_open_key_file_is_bad(configured: Configured, tmp_path: Path) -> None:
    """Before the gateway refuses it."""
    (tmp_path / "kek").write_bytes(bytes(32))
    (tmp_path / "kek").chmod(0o644)
    findings = {finding.what: finding for finding in examine(configured('[keys]\nfile = "kek"\n'))}
    assert not findings["keys.file"].good


def _bad(config: Config) -> dict[str, str]:
    return {finding.what: finding.said for finding in examine(config) if not finding.good}


def _made(config: Config) -> Config:
    """A store with the demo's compound, sealed with the key of ``config``."""
    with opened(config) as store, store.write(SYSTEM) as uow:
        seed.seed_compound(uow, open_keyring(config))
    return config


def _device(kind: str, more: str = "") -> str:
    return f'[[devices]]\nkind = "{kind}"\nname = "d"\nlink = "/dev/null"\n{more}'


def test_settings_of_devices_are_checked_as_at_the_start(configured: Configured) -> None:
    """An unknown kind, an unknown setting: each by its name."""
    assert "kind must be one of" in _bad(configured(_device("toaster")))["device d"]
    assert "colour is no setting" in _bad(configured(_device("line-scanner", 'colour = "red"\n')))["device d"]
    assert _bad(configured(_device("line-scanner"))) == {}


def test_places_the_store_does_not_know(configured: Configured) -> None:
    """Only when there is a store to know them."""
    more = _device("line-scanner", 'post = "moon"\n')
    assert _bad(configured(more)) == {}
    _made(configured(more))
    assert "post moon, which the store does not know" in _bad(configured(more))["device d"]
    assert _bad(configured("")) == {}


def test_a_lost_key_is_bad_and_not_made(configured: Configured, tmp_path: Path) -> None:
    """Nor is another key taken for it."""
    _made(configured(""))
    moved = configured('[keys]\nfile = "other.key"\n')
    assert "other.key is not there" in _bad(moved)["keys.file"]
    assert not (tmp_path / "other.key").exists()
    (tmp_path / "other.key").write_bytes(bytes(32))
    (tmp_path / "other.key").chmod(0o600)
    assert "other.key is not the key" in _bad(moved)["keys.file"]


def test_a_credential_nobody_handed_out(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the start."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "kek" in _bad(configured('[keys]\ncredential = "kek"\n'))["keys.credential"]


def test_a_store_that_cannot_be_reached(configured: Configured) -> None:
    """Named with its host and the cause, and without its password."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"postgresql://gate:secret@127.0.0.1:{port}/gatehouse"
    said = _bad(configured("").model_copy(update={"store": StoreTable(url=url)}))["store"]
    assert f"127.0.0.1:{port}" in said
    assert "refused" in said
    assert "secret" not in said


def test_a_store_without_a_site_needs_its_name(configured: Configured) -> None:
    """Before the start refuses it."""
    assert "[site]" in _bad(configured("").model_copy(update={"site": None}))["site"]


def _virtual(kind: str, name: str, port: int) -> str:
    return f'[[devices]]\nkind = "{kind}"\nname = "{name}"\nport = {port}\n'


def test_two_devices_on_one_port(configured: Configured) -> None:
    """The second is told of, with the name of the first; port 0 is taken by nobody."""
    both = _virtual("vpcd-encoder", "desk-1", 35963), _virtual("vpcd-reader", "gate-1", 35963)
    assert _bad(configured("".join(both))) == {"device gate-1": "port 35963 is taken by desk-1; give it another"}
    assert _bad(configured(both[0] + _virtual("vpcd-reader", "gate-1", 35964))) == {}
    assert _bad(configured(_virtual("vpcd-encoder", "a", 0) + _virtual("vpcd-encoder", "b", 0))) == {}
