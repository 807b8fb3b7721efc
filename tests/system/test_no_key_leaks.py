"""No key stands in clear anywhere, after everything was done with known keys while all was logged at debug level.

Whoever adds a path on which keys travel adds what it leaves behind to the places that are searched here.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from gateway.daemon.config import Config, load
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import open_keys, opened
from gateway.domain.person import Role
from gateway.ports.cards import KeyPurpose
from gateway.services import accounts, card_keys
from gateway.signing.components import combine
from gateway.storage.store import SYSTEM
from tests.brokers import free_port
from tests.canary import leaks
from tests.commands import gatehouse
from tests.system.plant import wait_for

pytestmark = pytest.mark.system

PASSWORDS = {"li": "first custodian 1", "wang": "second custodian 2"}
PURPOSES = list(KeyPurpose)

CRASHES = """
import sys
from gateway.daemon import cli
from gateway.services import card_key_import
def fail(one, two):
    raise RuntimeError("deep in the work")
card_key_import.combine = fail
cli.main()
"""
LOGS = """
import sys
import structlog
from gateway.daemon import logs
def work(key):
    masters = {"read": key, "hex": key.hex()}
    raise RuntimeError(f"in the middle of {len(masters)}")
listener = logs.set_up(sys.argv[1], "debug")
try:
    work(bytes.fromhex(sys.stdin.read()))
except RuntimeError:
    structlog.get_logger("test").exception("failed")
listener.stop()
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A site in which two people have passwords, and a gateway that logs everything. The key stands elsewhere."""
    site = tmp_path / "site"
    site.mkdir()
    file = site / "gatehouse.toml"
    file.write_text(
        'data = "."\n[store]\nurl = "sqlite:///gatehouse.db"\n[site]\nslug = "lake"\nname = "湖景苑"\n'
        f'[http]\nport = {free_port()}\n[log]\nlevel = "debug"\n[keys]\nfile = "../kek"\n'
    )
    config = load(file)
    with opened(config) as store:
        open_keys(config, store, open_keyring(config))
        with store.write(SYSTEM) as uow:
            for login, password in PASSWORDS.items():
                accounts.create_user(uow, login=login, name=login, roles=[Role.MANAGER], password=password)
    return config


@contextmanager
def _gateway(config: Config) -> Iterator["subprocess.Popen[bytes]"]:
    """``gatehouse run``, its log in a file beside the store."""
    command = [sys.executable, "-m", "gateway.daemon", "run", "-c", str(config.data / "gatehouse.toml")]
    with (config.data / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for("the gateway", lambda: _ready(config))
            yield process
        finally:
            process.terminate()


def _ready(config: Config) -> bool:
    try:
        with urlopen(f"{config.http.url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _crash(config: Config, *arguments: str, lines: tuple[str, ...]) -> tuple[int, str]:
    """One command in whose middle a fault stands; its exit code and all that it said."""
    command = [sys.executable, "-c", CRASHES, *arguments, "-c", str(config.data / "gatehouse.toml")]
    stdin = "".join(f"{line}\n" for line in lines)
    wide = {**os.environ, "COLUMNS": "200"}
    ran = subprocess.run(command, input=stdin, env=wide, capture_output=True, text=True, check=False, timeout=120)
    return ran.returncode, ran.stdout + ran.stderr


def _known(config: Config) -> dict[str, bytes]:
    """Every key that is sealed in the store, and the one that seals."""
    with opened(config) as store, store.read() as conn:
        keys = card_keys.load(conn, open_keyring(config))
    assert keys is not None
    masters = {f"{name} {one.version}": key for one in keys.sets.values() for name, key in one.keys.items()}
    return {**masters, "kek": (config.data.parent / "kek").read_bytes()}


def _backup(config: Config) -> None:
    """As an administrator would make one."""
    with (
        closing(sqlite3.connect(config.data / "gatehouse.db")) as live,
        closing(sqlite3.connect(config.data / "backup.db")) as copy,
    ):
        live.backup(copy)
    for beside in ("-wal", "-shm"):
        if (config.data / f"gatehouse.db{beside}").exists():
            shutil.copy(config.data / f"gatehouse.db{beside}", config.data / f"copy{beside}")


def test_keys_from_two_people_and_from_chance(config: Config) -> None:
    """Import, wrong paths, status, rotation, report and retirement beside a running gateway; then all is read."""
    sheets = {login: {purpose: secrets.token_bytes(16) for purpose in PURPOSES} for login in PASSWORDS}
    halves = {f"{purpose} of {login}": key for login, sheet in sheets.items() for purpose, key in sheet.items()}
    one, two = ((PASSWORDS[login], *[key.hex() for key in sheet.values()]) for login, sheet in sheets.items())
    said: list[str] = []

    def keys(*arguments: str, lines: tuple[str, ...] = (), code: int = 0) -> None:
        ran = gatehouse(config.data / "gatehouse.toml", "keys", *arguments, lines=lines)
        said.extend((ran.out, ran.err, ran.trace))
        assert ran.code == code, said

    with _gateway(config) as process:
        assert "Max core file size        0" in Path(f"/proc/{process.pid}/limits").read_text()
        keys("import", "--component", "1", "--as", "li", lines=(one[0], f"{one[1]}f"), code=1)
        keys("import", "--component", "1", "--as", "li", lines=("wrong", one[1]), code=1)
        keys("import", "--component", "1", "--as", "li", lines=one)
        keys("import", "--component", "2", "--as", "li", lines=(one[0], two[1]), code=1)
        keys("import", "--component", "2", "--as", "wang", lines=(two[0], one[1]), code=1)
        keys("status", code=1)
        assert leaks(halves, [config.data, *said]) == []
        keys("import", "--component", "2", "--as", "wang", lines=two)
        keys("init", code=1)
        keys("rotate")
        keys("report")
        known = _known(config) | halves
        keys("retire", "1")
        keys("status")
        _backup(config)
        assert leaks(known, [config.data, *said]) == []
    made = {f"{purpose} 1": combine(*(sheet[purpose] for sheet in sheets.values())) for purpose in PURPOSES}
    assert made.items() <= known.items()
    assert len(known) == 7 + 7 + 1 + 14
    assert leaks(known, [config.data, *said]) == []
    (config.data / "planted").write_bytes(b"x" + known["read 1"])
    assert leaks(known, [config.data]) == [f"read 1: raw in {config.data / 'planted'}"]


def test_tracebacks_show_no_variables(config: Config) -> None:
    """A fault in the middle of the work is told with its lines, and without what was in its hands."""
    key = secrets.token_bytes(16)
    for form in ("json", "console"):
        command = [sys.executable, "-c", LOGS, form]
        ran = subprocess.run(command, input=key.hex(), capture_output=True, text=True, check=True, timeout=60)
        assert "in the middle of 2" in ran.stderr
        assert leaks({"read": key}, [ran.stderr, ran.stdout]) == []
    enter = ("keys", "import", "--key", "read", "--as")
    begun = gatehouse(
        config.data / "gatehouse.toml", *enter, "li", "--component", "1", lines=(PASSWORDS["li"], key.hex())
    )
    assert begun.code == 0
    other = secrets.token_bytes(16)
    code, said = _crash(config, *enter, "wang", "--component", "2", lines=(PASSWORDS["wang"], other.hex()))
    assert code == 1
    assert "deep in the work" in said
    assert leaks({"li": key, "wang": other}, [said, config.data]) == []
