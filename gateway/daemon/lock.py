"""One gateway a store: a lock file on this machine, a lease in the database for all machines."""

import asyncio
import fcntl
import os
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from gateway.daemon.config import ConfigError
from gateway.domain.errors import ConflictError, StaleError, StoreBusyError
from gateway.storage import leases
from gateway.storage.store import SYSTEM, Store

LEASE: Final = "publisher"
TTL_S: Final = 15
RENEW_EVERY_S: Final = 4.0

log = structlog.get_logger(__name__)


class DataLock:
    """Holds ``gatehouse.lock`` in the data directory; the kernel lets go when the process dies."""

    def __init__(self, data: Path) -> None:
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(data / "gatehouse.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError("data: %(path)s: %(why)s.", path=str(data), why=error.strerror) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._handle, 20, 0).decode() or "?"
            os.close(self._handle)
            raise ConflictError(
                "Another gateway (process %(pid)s) already runs on %(data)s; only one may.", pid=holder, data=str(data)
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Lets the next one in."""
        os.close(self._handle)


def holder_of(data: Path) -> str:
    """This gateway's name on the lease: the same after a crash, another one on another machine or directory."""
    place = uuid.uuid5(uuid.NAMESPACE_URL, f"{uuid.getnode()}{data.resolve()}")
    return f"{socket.gethostname()[:40]}/{place.hex[:12]}"


class LeaseKeeper:
    """Takes the lease at start and renews it. Losing it ends the gateway: another one publishes now."""

    def __init__(self, store: Store, holder: str, lost: Callable[[str], None]) -> None:
        self._store = store
        self._holder = holder
        self._lost = lost
        self._lease: leases.Lease | None = None

    def take(self) -> None:
        """Raises ConflictError naming the gateway that holds it."""
        with self._store.write(SYSTEM) as uow:
            self._lease = leases.acquire(uow, LEASE, self._holder, ttl_s=TTL_S)

    async def run(self) -> None:
        """Renews until cancelled. A busy store is tried again; a lease that another holds is not."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            await asyncio.to_thread(self._renew)

    def _renew(self) -> None:
        if self._lease is None:
            return
        try:
            with self._store.write(SYSTEM) as uow:
                self._lease = leases.renew(uow, self._lease, ttl_s=TTL_S)
        except StoreBusyError:
            log.warning("lease_not_renewed")  # tried again in a moment, before another gateway may take it
        except StaleError as error:
            self._lease = None
            self._lost(str(error))

    def release(self) -> None:
        """Lets the next gateway start at once."""
        if self._lease is not None:
            with self._store.write(SYSTEM) as uow:
                leases.release(uow, self._lease)
