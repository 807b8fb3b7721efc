"""The record for pages and machines: what happened at the gates, and what people did."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from gateway.services import records
from gateway.services.records import RecordView

ACTS: Final = ("card.", "unit.", "person.", "occupant.", "site.", "user.", "token.", "slip.", "alarm.", "portal.")
"""What people did, apart from what passed the gates."""


def events(
    conn: Connection, after: int = 0, limit: int = 100, *, kinds: Collection[str] = (), target: str | None = None
) -> list[RecordView]:
    """What happened after record ``after``, oldest first; ``kinds`` may end in a dot to take a family."""
    return records.find(conn, after=after, limit=limit, kinds=kinds, target=target)


def latest(
    conn: Connection,
    limit: int = 100,
    *,
    before: int | None = None,
    kinds: Collection[str] = (),
    target: str | None = None,
) -> list[RecordView]:
    """The newest records, newest first."""
    return records.latest(conn, before=before, limit=limit, kinds=kinds, target=target)


def audit(
    conn: Connection,
    after: int = 0,
    limit: int = 100,
    *,
    actor: str | None = None,
    target: str | None = None,
    pii: bool = False,
) -> list[RecordView]:
    """What people did, oldest first; with the personal data where ``pii`` asks for it."""
    found = records.find(conn, after=after, limit=limit, kinds=ACTS, actor=actor, target=target)
    return records.with_pii(conn, found) if pii else found
