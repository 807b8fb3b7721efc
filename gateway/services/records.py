"""The journal, as services and pages read it."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from gateway.storage.tables import journal, journal_pii


@dataclass(frozen=True, slots=True)
class RecordView:
    """One thing that happened. ``at`` is unix milliseconds; ``pii`` is empty unless it was asked for."""

    seq: int
    at: int
    kind: str
    actor: str
    target: str
    body: dict[str, Any]
    pii: dict[str, Any] = field(default_factory=dict)


_COLUMNS = (journal.c.seq, journal.c.at, journal.c.kind, journal.c.actor, journal.c.target, journal.c.body)


def find(
    conn: Connection,
    *,
    after: int = 0,
    limit: int = 100,
    kinds: Collection[str] = (),
    target: str | None = None,
    actor: str | None = None,
) -> list[RecordView]:
    """Records with a number above ``after``, oldest first. A kind that ends in a dot means all below it."""
    query = _filtered(kinds, target, actor).where(journal.c.seq > after).order_by(journal.c.seq).limit(limit)
    return [_view(row) for row in conn.execute(query)]


def latest(
    conn: Connection,
    *,
    before: int | None = None,
    limit: int = 100,
    kinds: Collection[str] = (),
    target: str | None = None,
    actor: str | None = None,
) -> list[RecordView]:
    """The newest records (below ``before``, if given), newest first."""
    query = _filtered(kinds, target, actor).order_by(journal.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(journal.c.seq < before)
    return [_view(row) for row in conn.execute(query)]


def with_pii(conn: Connection, records: Iterable[RecordView]) -> list[RecordView]:
    """The same records with the personal data that has not been erased."""
    known = list(records)
    query = select(journal_pii.c.seq, journal_pii.c.body).where(journal_pii.c.seq.in_([r.seq for r in known]))
    pii = {row.seq: json.loads(row.body) for row in conn.execute(query)}
    return [RecordView(r.seq, r.at, r.kind, r.actor, r.target, r.body, pii.get(r.seq, {})) for r in known]


def _filtered(kinds: Collection[str], target: str | None, actor: str | None) -> Select[Any]:
    query = select(*_COLUMNS)
    if kinds:
        families = [journal.c.kind.startswith(kind) for kind in kinds if kind.endswith(".")]
        query = query.where(or_(journal.c.kind.in_([k for k in kinds if not k.endswith(".")]), *families))
    if target is not None:
        query = query.where(journal.c.target == target)
    return query if actor is None else query.where(journal.c.actor == actor)


def _view(row: Row[Any]) -> RecordView:
    return RecordView(row.seq, row.at, row.kind, row.actor, row.target, json.loads(row.body))
