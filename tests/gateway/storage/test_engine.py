"""Connections are set up so that what is acknowledged is on the disk."""

import pytest

from gateway.storage.engine import open_engines
from gateway.storage.store import SYSTEM, Store


def test_sqlite_is_durable_and_strict(sqlite_store: Store) -> None:
    """Write-ahead log, full synchronisation, foreign keys, patience of five seconds, erased data overwritten."""
    with sqlite_store.write(SYSTEM) as uow:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        found = [uow.conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    assert found == ["wal", 2, 1, 5000, 1]


def test_plain_postgresql_urls_are_understood() -> None:
    """``postgresql://`` means our driver, and a socket directory may stand in the query."""
    engines = open_engines("postgresql://gate@/site?host=/run/x")
    assert engines.writer.url.drivername == "postgresql+psycopg"
    assert engines.path is None


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_other_stores_are_refused(url: str) -> None:
    """Neither another database nor one that forgets."""
    with pytest.raises(ValueError, match="the store"):
        open_engines(url)
