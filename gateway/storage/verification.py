"""Proving that nobody changed the journal.

The chain finds an edit, a deletion, an insertion and a swap anywhere in it. Cutting off its end
leaves a shorter chain that is sound in itself: that shows only against a checkpoint kept elsewhere
(printed, mailed, on another disk). Records younger than the last such checkpoint can be lost unseen.
"""

import json
import struct
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.types import NullType

from gateway.domain.errors import MalformedError
from gateway.storage import tables
from gateway.storage.chain import GENESIS, Row, commitment, link_of

_BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The journal's length and last hash at one moment."""

    seq: int
    hash: bytes

    def save(self, path: Path) -> None:
        """Writes ``{"seq": …, "hash": hexadecimal}`` for another disk or a printer."""
        path.write_text(json.dumps({"seq": self.seq, "hash": self.hash.hex()}) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what ``save`` wrote; raises MalformedError for anything else."""
        try:
            stored = json.loads(path.read_text())
            return cls(int(stored["seq"]), bytes.fromhex(stored["hash"]))
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedError("%(path)s is no checkpoint of a journal.", path=path) from error


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Whether the journal is whole; if not, the first number at which it is not, and an English sentence."""

    ok: bool
    checked: int
    first_bad_seq: int | None = None
    what: str = ""


def checkpoint(conn: Connection) -> Checkpoint:
    """Where the journal stands now."""
    head = tables.journal_head.c
    return Checkpoint(*conn.execute(select(head.seq, head.hash)).one())


def verify(conn: Connection, against: Checkpoint | None = None) -> VerifyReport:
    """Walks the whole journal, and compares it with a checkpoint kept elsewhere when there is one."""
    seq, prev = 0, GENESIS
    with closing(_rows(conn)) as rows:
        for row, salt, text in rows:
            wrong = _fault(row, seq, prev) or _pii_fault(row, salt, text)
            if not wrong and against and row.seq == against.seq and row.hash != against.hash:
                wrong = "This record is not the one the checkpoint saw: the journal was rewritten."
            if wrong:
                return VerifyReport(ok=False, checked=seq, first_bad_seq=seq + 1, what=wrong)
            seq, prev = row.seq, row.hash
    return _at_the_end(Checkpoint(seq, prev), checkpoint(conn), against)


def _at_the_end(last: Checkpoint, head: Checkpoint, against: Checkpoint | None) -> VerifyReport:
    """Whether a chain that was sound up to ``last`` ends where it should."""
    seq = last.seq
    if head != last:
        what = f"The journal ends at record {seq}, but its head says {head.seq}: its end was cut off or added to."
        return VerifyReport(ok=False, checked=seq, first_bad_seq=min(seq, head.seq) + 1, what=what)
    if against and against.seq > seq:
        what = f"The journal ends at record {seq}, but the checkpoint saw {against.seq}: its end was cut off."
        return VerifyReport(ok=False, checked=seq, first_bad_seq=seq + 1, what=what)
    return VerifyReport(ok=True, checked=seq)


def _rows(conn: Connection) -> Generator[tuple[Row, bytes | None, str | None], None, None]:
    journal, pii = tables.journal, tables.journal_pii
    # As the driver gives them: SQLAlchemy would stumble over a forged value of another type.
    columns = [type_coerce(column, NullType()) for column in (*journal.c, pii.c.salt, pii.c.body)]
    joined = journal.outerjoin(pii, pii.c.seq == journal.c.seq)
    statement = select(*columns).select_from(joined).order_by(journal.c.seq).execution_options(yield_per=_BATCH)
    with conn.execute(statement) as result:
        for *row, salt, text in result:
            yield Row(*row), salt, text


def _fault(row: Row, seq: int, prev: bytes) -> str:
    if row.seq != seq + 1:
        return f"Record {seq + 1} is missing: the next one is {row.seq}."
    if row.prev != prev:
        return "This record does not follow from the one before it."
    try:
        whole = link_of(row) == row.hash
    except (AttributeError, TypeError, struct.error):  # SQLite stores any type in any column
        whole = False
    return "" if whole else "This record was changed after it was written."


def _pii_fault(row: Row, salt: bytes | None, text: str | None) -> str:
    """Erased personal data is no fault; changed personal data is."""
    if salt is None or text is None:
        return ""
    try:
        changed = row.pii_commit is None or commitment(salt, text) != row.pii_commit
    except (AttributeError, TypeError):
        changed = True
    return "The personal data of this record was changed after it was written." if changed else ""
