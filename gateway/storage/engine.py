"""Connections: one pool to write and one to read, set up for what the record needs.

SQLite: write-ahead log, ``synchronous=FULL`` (a commit is on the disk), ``BEGIN IMMEDIATE`` for
writers so that none fails half way for want of the lock. PostgreSQL: READ COMMITTED to write,
REPEATABLE READ to read, so that a list and its version belong together.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

BUSY_TIMEOUT_MS: Final = 5000
# As many connections as the web framework has threads (40), so that none waits for one; ten are kept open.
_POOL: Final = {"pool_size": 10, "max_overflow": 30, "pool_timeout": BUSY_TIMEOUT_MS / 1000}


@dataclass(frozen=True, slots=True)
class Engines:
    """``path`` is the absolute path of an SQLite file, None for PostgreSQL."""

    writer: Engine
    reader: Engine
    path: str | None

    def dispose(self) -> None:
        """Closes every connection that is not in use."""
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str) -> Engines:
    """Engines for ``sqlite:////path``, ``postgresql://…`` or ``postgresql+psycopg://…``; connects to nothing yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(f"the store is SQLite or PostgreSQL, not {parsed.get_backend_name()}")


def _sqlite(url: URL) -> Engines:
    if url.database in {None, "", ":memory:"}:
        raise ValueError("the store needs a file: sqlite:////path/to/gatehouse.db")
    writer = create_engine(url, pool_size=2, max_overflow=2)
    reader = create_engine(url, **_POOL)
    _prepare(writer, begin="BEGIN IMMEDIATE", pragmas=())
    _prepare(reader, begin="BEGIN", pragmas=("query_only=ON",))
    return Engines(writer, reader, str(Path(url.database).resolve()))


def _prepare(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    settings = (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # erased personal data does not linger in free pages
        *pragmas,
    )

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _postgresql(url: URL) -> Engines:
    engine = create_engine(
        url,
        **_POOL,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"options": f"-c lock_timeout={BUSY_TIMEOUT_MS}", "connect_timeout": 5},
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(engine, reader, None)
