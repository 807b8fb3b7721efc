"""The store: transactions, and what follows from each of them.

A change, its list versions and its journal records are one transaction of a :class:`UnitOfWork`.
Subscribers hear of it after the commit, on the committing thread.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection

from gateway.domain.errors import StoreBusyError
from gateway.domain.person import Role
from gateway.domain.whitelist import Changes
from gateway.storage import crash, faults, journal, lists, schema
from gateway.storage.engine import BUSY_TIMEOUT_MS, open_engines
from gateway.storage.fairness import lock_of

if TYPE_CHECKING:
    from sqlalchemy.pool import PoolProxiedConnection

crash.register("store.before_commit", "store.after_commit", "journal.before_commit", "journal.after_commit")

_TRIES: Final = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: ``id`` is "user:3", "token:5", "system" or "post:north"."""

    id: str
    name: str
    roles: frozenset[Role]
    post: str | None = None


SYSTEM: Final = Actor("system", "system", frozenset())


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction changed: lists with new versions, the site's set-up, and the last journal number (or 0)."""

    lists: frozenset[str]
    site_changed: bool
    last_seq: int


class UnitOfWork:
    """One transaction. ``now`` is its time in unix seconds, ``now_ms`` in milliseconds: one moment for all it does."""

    def __init__(self, conn: Connection, actor: Actor, *, boot: str, at: float, request_id: str = "") -> None:
        self.conn = conn
        self.actor = actor
        self.now = int(at)
        self.now_ms = int(at * 1000)
        self.boot = boot
        self._request_id = request_id
        self._records: list[journal.Record] = []
        self._lists: set[str] = set()
        self._site_changed = False

    def record(
        self,
        kind: str,
        target: str,
        body: Mapping[str, object] | None = None,
        *,
        pii: Mapping[str, object] | None = None,
    ) -> None:
        """Will stand in the journal when this transaction commits, and only then."""
        said = dict(body or {})
        if self._request_id:
            said["request_id"] = self._request_id
        self._records.append(journal.Record(kind, self.actor.id, target, said, pii))

    def change_list(self, list: str, changes: Changes, credentials: Mapping[bytes, str]) -> int:  # noqa: A002 - the field's word
        """Writes entries and outbox, raises the list's version by one and returns it.

        ``credentials`` names the credential ("card:417") behind each key put. Raises ConflictError
        when another credential holds a key (R-CARD-12), NotFoundError when there is no such list.
        Nothing to change changes no version.
        """
        version, changed = lists.write_changes(self.conn, list, changes, credentials)
        if changed:
            self._lists.add(list)
        return version

    def raise_epochs(self, above: int = 0) -> int:
        """Starts a new epoch, higher than ``above`` and all before, for every list; returns it."""
        epoch, touched = lists.raise_epochs(self.conn, above)
        self._lists |= touched
        self.record("lists.epoch_raised", "lists", {"epoch": epoch})
        return epoch

    def touch_site(self) -> None:
        """Portals, controllers or schedules changed: controllers need a new configuration."""
        if not self._site_changed:
            lists.raise_config_version(self.conn)
        self._site_changed = True

    def finish(self) -> Committed:
        """Appends the records; the store calls this last before it commits."""
        last_seq = journal.append(self.conn, self.boot, self.now_ms, self._records)
        return Committed(frozenset(self._lists), self._site_changed, last_seq)


class Store:
    """An SQLite file or a PostgreSQL database. ``boot`` names this run of the process in the journal."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time, boot: str | None = None) -> None:
        self.engines = open_engines(url)
        self.boot = boot or uuid.uuid4().hex
        self._clock = clock
        self._hooks: list[Callable[[Committed], None]] = []
        self._lock = lock_of(self.engines.path) if self.engines.path else None
        self._appending: PoolProxiedConnection | None = None
        self._driver_error: type[Exception] = self.engines.writer.dialect.loaded_dbapi.Error

    def migrate(self) -> None:
        """Brings the schema up to date; raises ForbiddenError when a newer Gatehouse wrote it."""
        with self._faults(), self._turn():
            schema.migrate(self.engines.writer)

    @contextmanager
    def write(self, actor: Actor, *, request_id: str = "") -> Iterator[UnitOfWork]:
        """One transaction: commits on leaving, rolls back on any exception.

        Raises StoreBusyError after five seconds without the lock, StoreFullError when the disk is full.
        """
        with self._faults(), self._turn():
            with self.engines.writer.begin() as conn:
                uow = UnitOfWork(conn, actor, boot=self.boot, at=self._clock(), request_id=request_id)
                yield uow
                committed = uow.finish()
                crash.crashpoint("store.before_commit")
            crash.crashpoint("store.after_commit")
            self._tell(committed)

    def run(self, actor: Actor, fn: Callable[[UnitOfWork], T], *, request_id: str = "") -> T:
        """``fn`` in one transaction, tried again when PostgreSQL found it in a deadlock or a serialisation failure."""
        tries = 0
        while True:
            try:
                with self.write(actor, request_id=request_id) as uow:
                    return fn(uow)
            except StoreBusyError as error:
                tries += 1
                if tries == _TRIES or not faults.retriable(error):
                    raise
            time.sleep(random.uniform(0, 0.01 * 2**tries))  # noqa: S311 - spreads the tries

    def append(self, records: Sequence[journal.Record]) -> int:
        """Appends records durably in a transaction of their own, past SQLAlchemy; returns the last number."""
        if not records:
            return 0
        now_ms = int(self._clock() * 1000)
        with self._faults(), self._turn():
            with self._driver_transaction() as cursor:
                dialect = self.engines.writer.dialect.name
                last_seq = journal.append_by(cursor, dialect, self.boot, now_ms, records)
                crash.crashpoint("journal.before_commit")
            crash.crashpoint("journal.after_commit")
            self._tell(Committed(frozenset(), site_changed=False, last_seq=last_seq))
        return last_seq

    @contextmanager
    def _driver_transaction(self) -> Iterator[journal.Cursor]:
        """A transaction without SQLAlchemy. SQLite keeps one connection for it: the pool costs a fifth of an append."""
        if self._appending is None:
            connection = self.engines.writer.raw_connection()
        else:
            connection, self._appending = self._appending, None
        try:
            cursor = connection.cursor()
            if self.engines.path:
                cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            connection.commit()
        except BaseException:
            connection.invalidate()  # rolls back; what failed once is not trusted again
            raise
        if self.engines.path:
            self._appending = connection
        else:
            connection.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store and cannot change it."""
        with self._faults(), self.engines.reader.connect() as conn:
            yield conn

    def subscribe(self, hook: Callable[[Committed], None]) -> None:
        """``hook`` is called after each commit, on the committing thread, in order of commits. It must not block."""
        self._hooks.append(hook)

    def close(self) -> None:
        """Closes the connections."""
        if self._appending is not None:
            self._appending.close()
            self._appending = None
        self.engines.dispose()

    def _tell(self, committed: Committed) -> None:
        for hook in self._hooks:
            hook(committed)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Our turn to write among the threads of this process."""
        if self._lock is None:
            yield
            return
        if not self._lock.acquire(BUSY_TIMEOUT_MS / 1000):
            raise StoreBusyError(faults.BUSY)
        try:
            yield
        finally:
            self._lock.release()

    def _faults(self) -> AbstractContextManager[None]:
        return faults.mapped(self._driver_error)
