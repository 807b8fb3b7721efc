"""check-config looks at all that the configuration names and changes nothing."""

import socket
from pathlib import Path

from gateway.daemon.doctor import examine
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
