"""Killed hard between any two steps, the store loses nothing it acknowledged and keeps nothing half done."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.storage import crash, highwater, idempotency, journal, lists, schema, tables
from gateway.storage.highwater import HighWater
from gateway.storage.journal import Record
from gateway.storage.store import SYSTEM, Store, UnitOfWork
from tests.gateway.storage.children import in_child
from tests.stores import seed_area, seed_card

ROUNDS = 3
PASSAGES = range(1, ROUNDS + 1)
OF_THE_ROUNDS = (
    "highwater.replaced",
    "highwater.written",
    "idempotency.remembered",
    "journal.after_commit",
    "journal.before_commit",
    "store.after_commit",
    "store.before_commit",
)
OF_THE_SCHEMA = ("schema.before_commit",)


def test_every_crash_point_is_walked() -> None:
    """A new crash point in the storage must stand in one of the lists of this module."""
    modules = (highwater, idempotency, journal, schema)
    ours = {name.rpartition(".")[2] for name in (module.__name__ for module in modules)} | {"store"}
    assert {name for name in crash.NAMES if name.partition(".")[0] in ours} == {*OF_THE_ROUNDS, *OF_THE_SCHEMA}


class _Rounds:
    """A day's work in small: issue a card, write an access record, publish. It may be begun again at any point."""

    def __init__(self, url: str, mark: Path) -> None:
        self._url = url
        self._mark = mark

    def __call__(self, acknowledge: Callable[[str], None]) -> None:
        store = Store(self._url)
        mark = HighWater(self._mark)
        for n in PASSAGES:
            store.run(SYSTEM, partial(self._issue, n=n))
            acknowledge(f"card:{n}")
            if not self._written(store, n):
                store.append([Record("access.granted", "system", f"event:{n}")])
            acknowledge(f"event:{n}")
            with store.read() as conn:
                mark.advance({name: (held.epoch, held.version) for name, held in lists.load(conn).items()})
            acknowledge(f"mark:{n}")
        store.close()

    @staticmethod
    def _issue(uow: UnitOfWork, n: int) -> None:
        if idempotency.find(uow.conn, uow.actor.id, f"key-{n}", bytes(32)):
            return
        card = f"card:{seed_card(uow, f'K-{n}', n.to_bytes(4))}"
        changes = Changes()
        changes.put(bytes((1, *[n] * 7)), Terms(0, NO_END))
        uow.change_list("main", changes, dict.fromkeys(changes.puts, card))
        uow.record("card.issued", card)
        idempotency.remember(uow, f"key-{n}", bytes(32), 201, "{}")

    @staticmethod
    def _written(store: Store, n: int) -> bool:
        with store.read() as conn:
            return conn.scalar(select(tables.journal.c.seq).where(tables.journal.c.target == f"event:{n}")) is not None


def _check(url: str, mark: Path, acknowledged: list[str], *, finished: bool) -> None:
    """What must hold after every crash, and after the end."""
    store = Store(url)
    with store.read() as conn:
        assert journal.verify(conn).ok
        cards = conn.scalar(select(func.count()).select_from(tables.cards)) or 0
        kinds = conn.execute(select(tables.journal.c.kind, tables.journal.c.target)).all()
        main = lists.load(conn)["main"]
        outbox = sum(len(batch.changes) for batch in lists.batches_since(conn, {}))
    store.close()
    issued = [row.target for row in kinds if row.kind == "card.issued"]
    events = [row.target for row in kinds if row.kind == "access.granted"]
    assert cards == len(issued) == len(main) == main.version == outbox
    assert len(set(events)) == len(events)
    assert len({said for said in acknowledged if said.startswith("card:")}) <= cards
    assert {said for said in acknowledged if said.startswith("event:")} <= set(events)
    standing = HighWater(mark)
    assert standing.behind({"main": (main.epoch, main.version)}) == {}
    if finished:
        assert (cards, len(events), standing.marks) == (ROUNDS, ROUNDS, {"main": (1, ROUNDS)})


@pytest.mark.parametrize("name", OF_THE_ROUNDS)
def test_killed_at_each_step(store: Store, store_url: str, tmp_path: Path, name: str) -> None:
    """At each passage of each crash point: the rest is sound, and the work begun again ends as if nothing had been."""
    with store.write(SYSTEM) as uow:
        seed_area(uow)
    store.close()  # a fork must not share connections
    rounds, mark = _Rounds(store_url, tmp_path / "mark"), tmp_path / "mark"
    said: list[str] = []
    deaths = 0
    for passage in PASSAGES:
        status, acknowledged = in_child(rounds, (name, passage))
        said += acknowledged
        assert status in {0, signal.SIGKILL}
        deaths += status == signal.SIGKILL
        _check(store_url, mark, said, finished=False)
    status, acknowledged = in_child(rounds)
    assert (status, deaths >= 2) == (0, True)
    _check(store_url, mark, said + acknowledged, finished=True)


def test_killed_in_a_migration(empty_url: str) -> None:
    """The store is as empty as before, and the next start migrates it."""

    def migrate(acknowledge: Callable[[str], None]) -> None:
        store = Store(empty_url)
        store.migrate()
        store.close()
        acknowledge("migrated")

    assert in_child(migrate, ("schema.before_commit", 1)) == (signal.SIGKILL, [])
    store = Store(empty_url)
    with store.read() as conn:
        assert schema.found_revision(conn) is None
    store.close()
    assert in_child(migrate) == (0, ["migrated"])


def test_the_environment_names_the_place_and_the_passage() -> None:
    """A real process, killed at the second passage and not at another place."""
    code = "from gateway.storage.crash import crashpoint as c; c('a.b'); print(1, flush=True); c('a.b'); print(2)"
    for wanted, said, status in (("a.b:2", "1\n", -signal.SIGKILL), ("a.c:1", "1\n2\n", 0), ("", "1\n2\n", 0)):
        environment = {**os.environ, "GATEHOUSE_CRASH": wanted}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.stdout, done.returncode) == (said, status)
