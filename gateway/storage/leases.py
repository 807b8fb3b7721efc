"""Leases: one holder at a time, and a fencing number that rises with each new one.

The publisher of whitelists holds one, so that a second gateway started on the same store refuses
in one clear sentence. The fence tells the messages of a holder that lost its lease from those of the next.
"""

from dataclasses import dataclass, replace

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import ConflictError, StaleError
from gateway.storage import tables
from gateway.storage.store import UnitOfWork

_t = tables.leases.c


@dataclass(frozen=True, slots=True)
class Lease:
    """Ours until ``expires_at`` (unix seconds), unless renewed."""

    name: str
    holder: str
    fence: int
    expires_at: int


def acquire(uow: UnitOfWork, name: str, holder: str, *, ttl_s: int) -> Lease:
    """Takes a lease that is free, expired or ours. Raises ConflictError naming the holder otherwise."""
    row = uow.conn.execute(select(tables.leases).where(_t.name == name).with_for_update()).one_or_none()
    if row is not None and row.holder != holder and row.expires_at > uow.now:
        raise _taken(name, row.holder)
    lease = Lease(name, holder, 1 if row is None else row.fence + 1, uow.now + ttl_s)
    values = {"holder": holder, "fence": lease.fence, "expires_at": lease.expires_at}
    if row is not None:
        uow.conn.execute(update(tables.leases).where(_t.name == name).values(values))
        return lease
    try:
        uow.conn.execute(insert(tables.leases).values(name=name, **values))
    except IntegrityError as error:  # another process took it first, in the same moment
        raise _taken(name, "?") from error
    return lease


def _taken(name: str, holder: str) -> ConflictError:
    return ConflictError(
        "Another gateway (%(holder)s) already holds the %(lease)s lease of this store; only one may run.",
        holder=holder,
        lease=name,
    )


def renew(uow: UnitOfWork, lease: Lease, *, ttl_s: int) -> Lease:
    """Holds on to it. Raises StaleError when another holder came in between."""
    renewed = replace(lease, expires_at=uow.now + ttl_s)
    if not _set_expiry(uow, lease, renewed.expires_at):
        raise StaleError("The %(lease)s lease was lost to another gateway.", lease=lease.name)
    return renewed


def release(uow: UnitOfWork, lease: Lease) -> None:
    """Lets it go at once; nothing happens when it was already lost. The fence is kept, for the next to rise above."""
    _set_expiry(uow, lease, uow.now)


def _set_expiry(uow: UnitOfWork, lease: Lease, expires_at: int) -> bool:
    ours = (_t.name == lease.name) & (_t.holder == lease.holder) & (_t.fence == lease.fence)
    return uow.conn.execute(update(tables.leases).where(ours).values(expires_at=expires_at)).rowcount == 1
