"""Fills a small disk with records; run by test_faults.py inside a mount namespace."""

import sys
from pathlib import Path

from gateway.domain.errors import StoreFullError
from gateway.storage import journal
from gateway.storage.journal import Record
from gateway.storage.store import SYSTEM, Store

BIG = {"text": "x" * 5000}


def _fill(store: Store, acknowledged: int) -> int:
    """Appends until the disk is full; how many records were acknowledged so far."""
    while True:
        try:
            acknowledged = store.append([Record("a.b", "system", "x", BIG)])
        except StoreFullError:
            print("full")  # noqa: T201 - the parent reads it
            return acknowledged


def main(disk: Path) -> None:
    """Prints "full" for each way of writing, then "whole" and "again"."""
    store = Store(f"sqlite:///{disk / 'gatehouse.db'}")
    store.migrate()
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(512 * 1024))
    acknowledged = _fill(store, 0)
    try:
        with store.write(SYSTEM) as uow:
            uow.record("a.b", "x", BIG)
    except StoreFullError:
        print("full")  # noqa: T201 - the parent reads it
    with store.read() as conn:
        report = journal.verify(conn)
    if report.ok and report.checked == acknowledged > 20:
        print("whole")  # noqa: T201 - the parent reads it
    ballast.unlink()
    if store.append([Record("a.b", "system", "x", BIG)]) == acknowledged + 1:
        print("again")  # noqa: T201 - the parent reads it
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
