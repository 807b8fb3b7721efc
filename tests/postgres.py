"""A real PostgreSQL for the tests: one cluster, shared by all workers of a run, gone at its end."""

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from gateway.storage.store import Store

BIN = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "gatehouse_template"

# A test cluster may lose everything in a power cut: then it need not wait for the disk.
_FAST = (
    "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
    "-c deadlock_timeout=50ms -c max_connections=200"
)


def why_not() -> str:
    """Why no cluster can be started here; empty when one can."""
    if not (BIN / "postgres").exists():
        return f"PostgreSQL 15 is not installed in {BIN}"
    if os.geteuid() == 0 and not _has_user("postgres"):
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(home: Path, *command: str) -> None:
    """Runs a program of PostgreSQL, as its own unprivileged user when we are root."""
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run(
        [*drop, str(BIN / command[0]), *command[1:]],
        check=True,
        timeout=60,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Cluster:
    """A data directory and, while it runs, a Unix socket in it; no TCP."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @classmethod
    def create(cls) -> "Cluster":
        """Initialises a cluster in a new directory outside pytest's own, which only its owner may enter."""
        home = Path(tempfile.mkdtemp(prefix="gatehouse-pg-"))
        if os.geteuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        _run(home, "initdb", "-D", str(home / "data"), "-U", "gatehouse", "-A", "trust", "-E", "UTF8", "--no-sync")
        return cls(home)

    def start(self) -> None:
        """Returns when it takes connections."""
        options = f"{_FAST} -k {self.home}"
        _run(
            self.home,
            "pg_ctl",
            "-D",
            str(self.home / "data"),
            "-w",
            "-l",
            str(self.home / "log"),
            "-o",
            options,
            "start",
        )

    def stop(self) -> None:
        """Kills the postmaster this cluster started, by the pid in its own pid file."""
        _run(self.home, "pg_ctl", "-D", str(self.home / "data"), "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stops it and deletes everything."""
        self.stop()
        shutil.rmtree(self.home)

    def url(self, database: str) -> str:
        """As ``Store`` takes it."""
        return f"postgresql+psycopg://gatehouse@/{database}?host={self.home}"

    def execute(self, statement: sql.Composed) -> None:
        """Runs one statement in the database "postgres", outside a transaction."""
        info = f"host={self.home} user=gatehouse dbname=postgres"
        with contextlib.closing(psycopg.connect(info, autocommit=True)) as connection:
            connection.execute(statement)

    def create_database(self, name: str, template: str = "template1") -> str:
        """A new database, and its URL."""
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self.execute(query)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Away with it, whoever is still connected."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare_template(cluster: Cluster) -> None:
    """A database with our schema, to copy for each test."""
    store = Store(cluster.create_database(TEMPLATE))
    store.migrate()
    store.close()


@contextlib.contextmanager
def shared_cluster(meeting_place: Path) -> Iterator[Cluster]:
    """The cluster of all who use the same ``meeting_place`` (a directory).

    The first one in starts it, the last one out removes it.
    """
    lock, state = meeting_place / "postgres.lock", meeting_place / "postgres.json"
    with _locked(lock):
        known = json.loads(state.read_text()) if state.exists() else None
        if known is None:
            cluster = Cluster.create()
            cluster.start()
            _prepare_template(cluster)
        else:
            cluster = Cluster(Path(known["home"]))
        users = 1 if known is None else known["users"] + 1
        state.write_text(json.dumps({"home": str(cluster.home), "users": users}))
    try:
        yield cluster
    finally:
        with _locked(lock):
            users = json.loads(state.read_text())["users"] - 1
            state.write_text(json.dumps({"home": str(cluster.home), "users": users}))
            if not users:
                state.unlink()
                cluster.remove()
