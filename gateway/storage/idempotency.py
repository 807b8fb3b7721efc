"""A request that comes twice is done once: its answer is kept with what it changed.

A caller sends an Idempotency-Key; the answer is remembered in the very transaction of the change,
so that after a crash either both are there or neither. What moves a gate cannot be rolled back: its key is
stored first (:func:`begin`), its answer after (:func:`finish`); in between its end is not known to anyone.
"""

from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, text, update

from gateway.domain.errors import ConflictError
from gateway.storage import crash, tables
from gateway.storage.store import UnitOfWork

crash.register("idempotency.remembered")

_BEGUN: Final = 0
"""Stands for the status of a request whose answer is not known yet."""

_t = tables.idempotency.c


def find(conn: Connection, actor_id: str, key: str, request_hash: bytes) -> tuple[int, str] | None:
    """The status and body answered before, or None. Ask inside the transaction that will do the work.

    On PostgreSQL a twin of this request waits here until our transaction ends. Raises ConflictError
    when the key came with another request, or with one that was begun and never finished.
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
    if row.status == _BEGUN:
        raise ConflictError(
            "This was asked before under the key “%(key)s”, and it is not known whether it was done. "
            "Look at the gate; if it is still needed, ask again under a new key.",
            key=key,
        )
    return row.status, row.body


def begin(uow: UnitOfWork, key: str, request_hash: bytes) -> tuple[int, str] | None:
    """The answer given before, or None after noting that the request begins: commit that before anything moves.

    Raises ConflictError as :func:`find`.
    """
    known = find(uow.conn, uow.actor.id, key, request_hash)
    if known is None:
        remember(uow, key, request_hash, _BEGUN, "")
    return known


def finish(uow: UnitOfWork, key: str, status: int, body: str) -> None:
    """The request that was begun came to this answer."""
    uow.conn.execute(update(tables.idempotency).where(*_of(uow, key)).values(status=status, body=body))


def abandon(uow: UnitOfWork, key: str) -> None:
    """The request that was begun was refused: it may come again under its key."""
    uow.conn.execute(delete(tables.idempotency).where(*_of(uow, key), _t.status == _BEGUN))


def _of(uow: UnitOfWork, key: str) -> tuple[ColumnElement[bool], ...]:
    return _t.actor == uow.actor.id, _t.key == key


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
