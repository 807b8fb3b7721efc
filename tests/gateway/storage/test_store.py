"""A transaction is whole or not at all, and its subscribers hear of it once it is durable."""

from sqlalchemy import Table, func, select

from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.stores import NOW, seed_area


def _count(store: Store, table: Table) -> int:
    with store.read() as conn:
        return conn.scalar(select(func.count()).select_from(table)) or 0


def test_commits_on_leaving(store: Store) -> None:
    """What was written and recorded is there afterwards."""
    with store.write(SYSTEM) as uow:
        seed_area(uow)
        uow.record("area.added", "area:main", {"name": "Main"})
    with store.read() as conn:
        row = conn.execute(select(tables.journal)).one()
    assert (row.seq, row.at, row.kind, row.actor, row.target) == (1, NOW * 1000, "area.added", "system", "area:main")
    assert _count(store, tables.areas) == 1
