"""The record of what happened: append-only, chained (gateway.storage.chain), written by one at a time.

The row ``journal_head`` holds the last number and hash; whoever appends holds it locked until its
transaction ends, so numbers have no gaps and the order is the order of commits.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, delete

from gateway.storage import tables
from gateway.storage.chain import Row, canonical, commitment, link
from gateway.storage.verification import Checkpoint, VerifyReport, checkpoint, verify

if TYPE_CHECKING:
    from gateway.storage.store import UnitOfWork

__all__ = ["Checkpoint", "Record", "VerifyReport", "append", "append_by", "checkpoint", "erase_pii", "verify"]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. ``pii`` is kept apart and can be erased.

    ``at_ms`` (unix milliseconds) and ``boot`` default to those of the append: a record that waited in
    a spill file brings its own.
    """

    kind: str
    actor: str
    target: str
    body: Mapping[str, object] = field(default_factory=dict)
    pii: Mapping[str, object] | None = None
    at_ms: int | None = None
    boot: str | None = None

    def __post_init__(self) -> None:
        if len(self.kind) > 40 or len(self.actor) > 80 or len(self.target) > 64:
            raise ValueError(f"a record's kind, actor or target is too long: {self.kind} {self.actor} {self.target}")


class _Statements:
    """The four statements of an append, in a driver's own place-holder style."""

    def __init__(self, mark: str, lock: str) -> None:
        row = ", ".join([mark] * 10)
        self.head = f"SELECT seq, hash FROM journal_head WHERE id = 1{lock}"  # noqa: S608 - constants of this module
        self.insert = f"INSERT INTO journal VALUES ({row})"  # noqa: S608 - constants of this module
        self.insert_pii = f"INSERT INTO journal_pii VALUES ({mark}, {mark}, {mark})"  # noqa: S608 - as above
        self.advance = f"UPDATE journal_head SET seq = {mark}, hash = {mark} WHERE id = 1"  # noqa: S608 - as above


_STATEMENTS: Final = {"sqlite": _Statements("?", ""), "postgresql": _Statements("%s", " FOR UPDATE")}


class Cursor(Protocol):
    """The part of a DB-API 2.0 cursor (PEP 249) an append needs."""

    def execute(self, statement: Any, parameters: Any = ..., /) -> object:
        """Runs one statement."""

    def executemany(self, statement: Any, rows: Any, /) -> object:
        """Runs one statement for many rows."""

    def fetchone(self) -> Any:
        """The next row."""


def append(conn: Connection, boot: str, now_ms: int, records: Sequence[Record]) -> int:
    """Appends records inside the connection's transaction; returns the last number (0 when there were none)."""
    if not records:
        return 0
    cursor = conn.connection.cursor()
    try:
        return append_by(cursor, conn.dialect.name, boot, now_ms, records)
    finally:
        cursor.close()


def append_by(cursor: Cursor, dialect: str, boot: str, now_ms: int, records: Sequence[Record]) -> int:
    """As ``append``, straight through the driver: the fast way for the journal writer."""
    statements = _STATEMENTS[dialect]
    cursor.execute(statements.head)
    seq, prev = cursor.fetchone()
    rows: list[Row] = []
    secret_rows: list[tuple[int, bytes, str]] = []
    for record in records:
        seq += 1
        commit = None
        if record.pii is not None:
            salt, text = secrets.token_bytes(32), canonical(record.pii)
            secret_rows.append((seq, salt, text))
            commit = commitment(salt, text)
        row = _row(record, commit, seq, prev, (now_ms, boot))
        rows.append(row)
        prev = row.hash
    if len(rows) == 1:
        cursor.execute(statements.insert, rows[0])
    else:
        cursor.executemany(statements.insert, rows)
    if secret_rows:
        cursor.executemany(statements.insert_pii, secret_rows)
    cursor.execute(statements.advance, (seq, prev))
    return int(seq)


def _row(record: Record, commit: bytes | None, seq: int, prev: bytes, default: tuple[int, str]) -> Row:
    now_ms, boot = default
    at = now_ms if record.at_ms is None else record.at_ms
    texts = (record.boot or boot, record.kind, record.actor, record.target, canonical(record.body))
    return Row(seq, at, *texts, commit, prev, link(prev, seq, at, texts, commit))


def erase_pii(uow: "UnitOfWork", seqs: Collection[int]) -> int:
    """Erases the personal data of these records, and says so in the journal; returns how many had any left."""
    erased = 0
    for seq in sorted(seqs):
        erased += uow.conn.execute(delete(tables.journal_pii).where(tables.journal_pii.c.seq == seq)).rowcount
    uow.record("journal.pii_erased", "journal", {"seqs": sorted(seqs)})
    return erased
