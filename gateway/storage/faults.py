"""What the database drivers complain about, in the words of gateway.domain.errors. Nowhere else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gateway.domain.errors import GatehouseError, StoreBusyError, StoreFullError

_SQLITE_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_DISK: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_SQLITE_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# PostgreSQL 15, appendix A: serialization_failure and deadlock_detected; lock_not_available; disk_full;
# connection exceptions and a server that shuts down.
RETRIABLE: Final = frozenset({"40001", "40P01"})
_PG_BUSY: Final = RETRIABLE | {"55P03"}
_PG_FULL: Final = frozenset({"53100"})
_PG_GONE: Final = ("08", "57P")

BUSY: Final = "The store is in use by another process; try again in a few seconds."
CROWDED: Final = "Too many people ask at once; try again in a few seconds."
GONE: Final = "The database cannot be reached; try again in a few seconds."
FULL: Final = "The disk is full: nothing can be changed until there is space. The gates go on deciding."
DISK: Final = "The disk does not work: nothing can be changed until it is repaired. The gates go on deciding."
DAMAGED: Final = "The database file is damaged: stop Gatehouse and restore the newest backup."


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-letter code of an error, wrapped by SQLAlchemy or not."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def translated(error: Exception) -> GatehouseError | None:
    """The error a person can act on, or None for one that is a defect of ours."""
    if isinstance(error, PoolTimeoutError):
        return StoreBusyError(CROWDED)
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    state = sqlstate(error)
    if state in _PG_BUSY:
        return StoreBusyError(BUSY)
    if state in _PG_FULL:
        return StoreFullError(FULL)
    if getattr(error, "connection_invalidated", False) or (state or "").startswith(_PG_GONE) or _unreachable(cause):
        return StoreBusyError(GONE)
    return None


def _of_sqlite(code: int) -> GatehouseError | None:
    if code in _SQLITE_BUSY:
        return StoreBusyError(BUSY)
    if code in _SQLITE_DISK:
        return StoreFullError(DISK)
    if code in _SQLITE_DAMAGED:
        return GatehouseError(DAMAGED)
    return StoreFullError(FULL) if code == sqlite3.SQLITE_FULL else None


def _unreachable(cause: object) -> bool:
    """Psycopg's OperationalError without a code: the server was not there to give one."""
    return type(cause).__name__ in {"OperationalError", "ConnectionTimeout"} and getattr(cause, "sqlstate", "") is None


def retriable(error: GatehouseError) -> bool:
    """Whether the whole transaction may simply be tried again."""
    return sqlstate(error.__cause__ or error) in RETRIABLE


@contextmanager
def mapped(driver_error: type[Exception]) -> Iterator[None]:
    """Translates what the block raises; ``driver_error`` is the driver's own base class."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, driver_error) as error:
        translation = translated(error)
        if translation is None:
            raise
        raise translation from error
