"""A request that comes twice is done once: its answer is kept with what it changed.

A caller sends an Idempotency-Key; the answer is remembered in the very transaction of the change,
so that after a crash either both are there or neither.
"""

from sqlalchemy import Connection, delete, insert, select, text

from gateway.domain.errors import ConflictError
from gateway.storage import crash, tables
from gateway.storage.store import UnitOfWork

crash.register("idempotency.remembered")

_t = tables.idempotency.c


def find(conn: Connection, actor_id: str, key: str, request_hash: bytes) -> tuple[int, str] | None:
    """The status and body answered before, or None. Ask inside the transaction that will do the work.

    On PostgreSQL a twin of this request waits here until our transaction ends. Raises ConflictError
    when the key came with another request.
    """
    if conn.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:request, 0))")
        conn.execute(lock, {"request": f"{actor_id}\n{key}"})
    row = conn.execute(
        select(_t.request_hash, _t.status, _t.body).where(_t.actor == actor_id, _t.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise ConflictError("The idempotency key “%(key)s” was already used for another request.", key=key)
    return row.status, row.body


def remember(uow: UnitOfWork, key: str, request_hash: bytes, status: int, body: str) -> None:
    """Keeps the answer to a request; ``request_hash`` is 32 bytes over method, path and body."""
    row = {
        "actor": uow.actor.id,
        "key": key,
        "request_hash": request_hash,
        "status": status,
        "body": body,
        "created_at": uow.now,
    }
    uow.conn.execute(insert(tables.idempotency).values(row))
    crash.crashpoint("idempotency.remembered")


def prune(uow: UnitOfWork, older_than_s: int = 24 * 3600) -> int:
    """Forgets answers older than a client may still ask for; returns how many."""
    return uow.conn.execute(delete(tables.idempotency).where(_t.created_at < uow.now - older_than_s)).rowcount
