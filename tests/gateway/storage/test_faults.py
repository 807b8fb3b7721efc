"""What the databases complain about reaches people as something they can act on."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import column, func, select, table, text
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import GatehouseError, StoreBusyError, StoreFullError
from gateway.storage import engine, faults
from gateway.storage import store as store_module
from gateway.storage.journal import Record
from gateway.storage.store import SYSTEM, Store, UnitOfWork
from tests.stores import seed_area

OPENED = Record("access.granted", "system", "portal:x")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that waits for a lock 50 ms instead of five seconds."""
    for module in (engine, store_module):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 50)


@pytest.fixture
def hasty(impatient: None, store_url: str) -> Iterator[Store]:
    """An impatient store on each database."""
    del impatient
    store = Store(store_url)
    yield store
    store.close()


@contextlib.contextmanager
def _held_by_another_process(store: Store) -> Iterator[None]:
    """The lock every writer needs, taken by a connection that is none of the store's."""
    if store.engines.path:
        with contextlib.closing(sqlite3.connect(store.engines.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
    else:
        with store.engines.writer.connect() as other_connection:
            other_connection.execute(text("SELECT 1 FROM journal_head FOR UPDATE"))
            yield


def test_a_locked_store_is_busy(hasty: Store) -> None:
    """Both ways of writing say so; reading goes on; afterwards all is well."""
    hasty.append([OPENED])
    with _held_by_another_process(hasty):
        with pytest.raises(StoreBusyError, match="another process"):
            hasty.append([OPENED])
        with pytest.raises(StoreBusyError, match="another process"):
            hasty.run(SYSTEM, lambda uow: uow.record("a.b", "x"))
        with hasty.read() as conn:
            assert conn.execute(text("SELECT count(*) FROM journal")).scalar() == 1
    assert hasty.append([OPENED]) == 2


def test_a_store_held_by_another_thread_is_busy(impatient: None, sqlite_url: str) -> None:
    """The queue inside the process has the same patience."""
    del impatient
    store = Store(sqlite_url)
    refused: list[Exception] = []

    def other() -> None:
        try:
            store.append([OPENED])
        except StoreBusyError as error:
            refused.append(error)

    with store.write(SYSTEM):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
    store.close()
    assert len(refused) == 1


def test_defects_stay_defects(store: Store) -> None:
    """A broken constraint is no fault of the disk."""
    store.run(SYSTEM, seed_area)
    with pytest.raises(IntegrityError):
        store.run(SYSTEM, seed_area)


def test_an_unreachable_server_is_said_so(tmp_path: Path) -> None:
    """Not with the driver's words."""
    store = Store(f"postgresql://gatehouse@/x?host={tmp_path}")
    with pytest.raises(StoreBusyError, match="cannot be reached"), store.read():
        pass
    store.close()


def test_a_lost_connection_is_said_so_and_replaced(postgres_store: Store) -> None:
    """The server ends our connection in mid-transaction: nothing is committed, the next transaction works."""
    ours = text("pid <> pg_backend_pid() AND datname = current_database()")
    kill_others = select(func.pg_terminate_backend(column("pid"))).select_from(table("pg_stat_activity")).where(ours)

    def cut_off(uow: UnitOfWork) -> None:
        seed_area(uow)
        with postgres_store.engines.writer.connect() as other:
            other.execute(kill_others)

    with pytest.raises(StoreBusyError, match="cannot be reached"):
        postgres_store.run(SYSTEM, cut_off)
    postgres_store.append([OPENED])
    with postgres_store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM areas")).scalar() == 0


def test_a_damaged_file_is_said_so(tmp_path: Path) -> None:
    """With what to do; nothing is written to it."""
    path = tmp_path / "gatehouse.db"
    path.write_bytes(b"not a database at all " * 500)
    store = Store(f"sqlite:///{path}")
    with pytest.raises(GatehouseError, match="damaged"):
        store.migrate()
    store.close()
    assert path.read_bytes() == b"not a database at all " * 500


def test_a_place_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    """As when the disk is gone."""
    store = Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'directory.db'}")
    with pytest.raises(StoreFullError, match="disk"):
        store.migrate()
    store.close()


def test_a_failed_fsync_is_a_fault_of_the_disk() -> None:
    """SQLite's extended code 1034 is SQLITE_IOERR_FSYNC."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    assert str(faults.translated(error)) == faults.DISK


class _RefusalError(Exception):
    """As psycopg raises them."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def test_postgresql_codes() -> None:
    """A full disk, a deadlock, a server that shuts down, and what is none of these."""
    assert isinstance(faults.translated(_RefusalError("53100")), StoreFullError)
    assert isinstance(faults.translated(_RefusalError("40P01")), StoreBusyError)
    assert isinstance(faults.translated(_RefusalError("57P01")), StoreBusyError)
    assert faults.translated(_RefusalError("23505")) is None


def _small_disk(tmp_path: Path) -> list[str]:
    """A command prefix that runs what follows with a file system of 3 MB at ``tmp_path / "disk"``."""
    disk = tmp_path / "disk"
    disk.mkdir()
    prefix = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=3m tmpfs {disk} && exec "$@"', "sh"]
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], capture_output=True, check=False, timeout=20).returncode:
        pytest.skip("a small disk needs root and mount namespaces")
    return prefix


@pytest.mark.system
def test_a_full_disk(tmp_path: Path) -> None:
    """Both ways of writing say so, nothing acknowledged is lost, and writing goes on once there is space."""
    command = [*_small_disk(tmp_path), sys.executable, "-m", "tests.gateway.storage.full_disk", str(tmp_path / "disk")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == ["full", "full", "whole", "again"], done.stderr
