"""Durable records: the journal beside bare sqlite3 with the same durability and a hash chain of its own."""

import hashlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.storage.journal import Record
from gateway.storage.store import Store
from tests.bench.measure import Row, interleave, judge

SINGLES = 100
GROUP = 100
GROUPS = 10


def _record(number: int) -> Record:
    body = {"key": f"{number:016x}", "list": "compound", "version": number, "portal": "main-in"}
    return Record("access.granted", "reader:main-in", "portal:main-in", body)


class Bare:
    """The same columns in a table of sqlite3's own, WAL and synchronous=FULL, and the least that is a hash chain."""

    def __init__(self, path: Path) -> None:
        self.head = b"\0" * 32
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute(
            "CREATE TABLE journal (seq INTEGER PRIMARY KEY, at, boot, kind, actor, target, body, prev, hash)"
        )

    def append(self, count: int) -> None:
        now = int(time.time() * 1000)
        rows = []
        for number in range(count):
            record = _record(number)
            body = json.dumps(record.body)
            prev, self.head = self.head, hashlib.sha256(self.head + body.encode()).digest()
            rows.append((now, "b" * 32, record.kind, record.actor, record.target, body, prev, self.head))
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany(
            "INSERT INTO journal (at, boot, kind, actor, target, body, prev, hash) VALUES (?,?,?,?,?,?,?,?)", rows
        )
        self.db.execute("COMMIT")


def rows() -> Iterator[Row]:
    """One record a commit, a hundred records a commit, and what grouping gains."""
    with tempfile.TemporaryDirectory(dir="var") as folder:
        store = Store(f"sqlite:///{folder}/ours.db")
        store.migrate()
        bare = Bare(Path(folder) / "bare.db")

        def singles() -> None:
            for number in range(SINGLES):
                store.append([_record(number)])

        def bare_singles() -> None:
            for _ in range(SINGLES):
                bare.append(1)

        def groups() -> None:
            for _ in range(GROUPS):
                store.append([_record(number) for number in range(GROUP)])

        def bare_groups() -> None:
            for _ in range(GROUPS):
                bare.append(GROUP)

        alone = interleave(singles, bare_singles)
        yield judge("journal, one record a commit", alone, unit=f"s per {SINGLES}", at_most=1 / 0.6)
        grouped = interleave(groups, bare_groups)
        yield judge("journal, groups of 100", grouped, unit=f"s per {GROUP * GROUPS}", at_most=2.5)
        gain = [(o / SINGLES, g / (GROUP * GROUPS)) for (o, _), (g, _) in zip(alone, grouped, strict=True)]
        yield judge("journal, a record alone against one in a group", gain, unit="s a record", at_least=5)
        bare.db.close()
        store.close()
