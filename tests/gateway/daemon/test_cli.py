"""The command line answers at once, and says errors in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.daemon import cli

HEAVY = ("sqlalchemy", "fastapi", "uvicorn", "cryptography", "paho", "osdp_sys", "pymodbus")


def test_help_imports_nothing_heavy() -> None:
    """Each command imports what it needs when it runs."""
    script = (
        "import sys\nfrom gateway.daemon.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "check-config" in ran.stdout
    loaded = {name.split("'")[1].split(".")[0] for name in ran.stderr.split(",") if "'" in name}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


def _gatehouse(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateway.daemon", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "HOME": "/nonexistent"}
    )


def test_an_error_is_one_sentence(tmp_path: Path) -> None:
    """No traceback, exit code 1."""
    ran = _gatehouse("run", "--config", str(tmp_path / "none.toml"))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"gatehouse: {tmp_path}/none.toml cannot be read: No such file or directory.\n"


@pytest.mark.parametrize("port", ["0", "99999"])
def test_a_port_is_a_port(port: str) -> None:
    """Also for the demo."""
    ran = _gatehouse("demo", "--port", port)
    assert ran.returncode == 2
    assert "--port" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """As installed."""
    cli.version()
    assert capsys.readouterr().out.strip().count(".") == 2
