"""Records are appended in one order, by one at a time, and never changed."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.storage import journal, tables
from gateway.storage.journal import Record, VerifyReport
from gateway.storage.store import SYSTEM, Store, UnitOfWork
from tests.gateway.storage.children import start_child
from tests.stores import BOOT, NOW

OPENED = Record("access.granted", "system", "portal:main-in", {"list": "main"})


def test_numbers_follow_each_other(store: Store) -> None:
    """From one, without gaps, over both ways to append; a failed transaction takes none."""

    def fails(uow: UnitOfWork) -> None:
        uow.record("x.y", "x")
        raise KeyError

    assert store.append([OPENED, OPENED]) == 2
    with pytest.raises(KeyError):
        store.run(SYSTEM, fails)
    with store.write(SYSTEM) as uow:
        uow.record("x.y", "x")
    assert store.append([OPENED]) == 4
    assert store.append([]) == 0
    with store.read() as conn:
        assert conn.scalars(select(tables.journal.c.seq).order_by(tables.journal.c.seq)).all() == [1, 2, 3, 4]
        assert journal.verify(conn).ok


def test_a_record_that_waited_keeps_its_time(store: Store) -> None:
    """When and in which run it happened, not when it reached the store."""
    store.append([Record("access.granted", "system", "portal:x", at_ms=5, boot="before"), OPENED])
    with store.read() as conn:
        rows = conn.execute(select(tables.journal.c.at, tables.journal.c.boot).order_by(tables.journal.c.seq)).all()
    assert [tuple(row) for row in rows] == [(5, "before"), (NOW * 1000, BOOT)]


def test_personal_data_stands_apart(store: Store) -> None:
    """The chain holds a commitment only, each with its own salt."""
    store.append([Record("a.b", "system", "x", {"n": 1}, pii={"phone": "138"}) for _ in range(2)])
    with store.read() as conn:
        kept = conn.execute(select(tables.journal_pii)).all()
        commits = set(conn.scalars(select(tables.journal.c.pii_commit)))
        bodies = set(conn.scalars(select(tables.journal.c.body)))
    assert [row.body for row in kept] == ['{"phone":"138"}'] * 2
    assert len({row.salt for row in kept}) == len(commits) == 2
    assert bodies == {'{"n":1}'}


@pytest.mark.parametrize("statement", ["UPDATE journal SET body = '{}'", "DELETE FROM journal"])
def test_mistakes_are_stopped(store: Store, statement: str) -> None:
    """The database itself refuses to change or delete a record."""
    store.append([OPENED])
    with pytest.raises(DBAPIError, match="only appended to"), store.write(SYSTEM) as uow:
        uow.conn.exec_driver_sql(statement)
    with store.read() as conn:
        assert journal.verify(conn).checked == 1


def test_too_long_names_are_a_defect() -> None:
    """Said where the record is made, not by one of the databases later."""
    with pytest.raises(ValueError, match="too long"):
        Record("k" * 41, "system", "x")


def test_eight_writers_at_once(store: Store) -> None:
    """Every acknowledged record is there, the chain is whole, and each writer's own order is kept."""
    rounds = 12
    failures: list[BaseException] = []

    def writer(name: str) -> None:
        try:
            for n in range(rounds):
                if n % 2:
                    store.append([Record("a.b", name, "x", {"n": n})])
                else:
                    with store.write(SYSTEM) as uow:
                        uow.record("a.b", name, {"n": n})
        except Exception as error:  # noqa: BLE001 - the test below judges it
            failures.append(error)

    threads = [threading.Thread(target=writer, args=(f"w{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with store.read() as conn:
        report = journal.verify(conn)
        rows = conn.execute(select(tables.journal).order_by(tables.journal.c.seq)).all()
    assert (report.ok, report.checked) == (True, 8 * rounds)
    for i in range(8):
        mine = [row.body for row in rows if f"w{i}" in {row.actor, row.target}]
        assert mine == [f'{{"n":{n}}}' for n in range(rounds)]


def test_four_processes_at_once(store: Store, store_url: str) -> None:
    """The daemon and commands beside it may write to one store: nothing is lost, the chain is whole."""
    store.close()  # a fork must not share connections

    def process(acknowledge: Callable[[str], None]) -> None:
        mine = Store(store_url)
        for _ in range(10):
            acknowledge(str(mine.append([OPENED])))
            with mine.write(SYSTEM) as uow:
                uow.record("x.y", "x")
        mine.close()

    ended = [child.wait() for child in [start_child(process) for _ in range(4)]]
    assert [status for status, _numbers in ended] == [0] * 4
    assert len({number for _status, numbers in ended for number in numbers}) == 40
    with store.read() as conn:
        assert journal.verify(conn) == VerifyReport(ok=True, checked=80)
