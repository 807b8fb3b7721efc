"""Writes what happens at the gates into the journal, many records in one commit, off the event loop.

Why a thread and a spill file: a barrier may only move after its record is durable, and a store can stall
(a backup holds the lock, the disk is full). After 100 ms the record goes to the emergency file instead,
synced to disk, and the barrier opens. If even that fails an alarm is raised and a *granted* passage still
opens: residents are not locked out because a disk died. At the next start the file is replayed; a record's
id keeps it from being written twice.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final, Protocol

import structlog

from gateway.domain.errors import GatehouseError, StoreFullError
from gateway.runtime.records import Record, RecordMaker
from gateway.runtime.spill import Spill

PATIENCE_S: Final = 0.1
LARGEST_GROUP: Final = 500
MOST_WAITING: Final = 50_000
RETRY_S: Final = 0.25

log = structlog.get_logger(__name__)

Trouble = Callable[[str, Mapping[str, object]], None]


class Durability(StrEnum):
    """Where a record is safe."""

    STORED = "stored"
    SPILLED = "spilled"
    NOWHERE = "nowhere"


class RecordStore(Protocol):
    """The journal, as the writer's thread sees it. Both raise GatehouseError while the store cannot write."""

    def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Appends all in one durable transaction; their sequence numbers."""

    def append_missing(self, records: Sequence[Record], after_seq: int) -> int:
        """Appends those whose id does not stand behind ``after_seq``; how many those were."""


class JournalWriter:
    """Group commit. ``submit``, ``note`` and ``durable`` belong to the event loop's thread."""

    def __init__(self, store: RecordStore, spill: Spill, make: RecordMaker, *, patience_s: float = PATIENCE_S) -> None:
        self.make = make
        self._store = store
        self._spill = spill
        self._patience_s = patience_s
        self._queue: queue.SimpleQueue[tuple[Record, asyncio.Future[int]] | None] = queue.SimpleQueue()
        self._group: list[tuple[Record, asyncio.Future[int]]] = []
        self._writing = ThreadPoolExecutor(1, "journal")
        self._spilling = ThreadPoolExecutor(1, "spill")
        self._stopping = threading.Event()
        self._last_seq = 0
        self._told: set[str] = set()
        self._waiting = 0
        self.lost = 0
        self.trouble: Trouble = _unheard

    def replay(self) -> int:
        """Takes up what an earlier run left in the emergency file; call it before :meth:`run`. How many were new."""
        left_over = self._spill.left_over
        if not left_over:
            return 0
        records = [record for _after, record in left_over]
        new = self._store.append_missing(records, min(after for after, _record in left_over))
        self._spill.settle([record.id for record in records])
        return new

    def submit(self, record: Record) -> "asyncio.Future[int]":
        """Queues the record; the future gives its sequence number when it is durable in the store."""
        future = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.put((record, future))
        return future

    def note(self, kind: str, target: str, body: Mapping[str, object], *, actor: str = "system") -> None:
        """Queues a record nobody waits for. While 50,000 wait for a dead store, further ones are counted only."""
        if self._waiting >= MOST_WAITING:
            self.lost += 1
            return
        self.submit(self.make(kind, target, body, actor=actor))

    async def durable(self, record: Record) -> Durability:
        """Returns when the record is safe, after about twice the patience at the latest, and says where."""
        future = self.submit(record)
        await asyncio.wait({future}, timeout=self._patience_s)
        if future.done():
            return Durability.STORED
        return await self._spilled(record, future)

    async def _spilled(self, record: Record, future: "asyncio.Future[int]") -> Durability:
        loop = asyncio.get_running_loop()
        adding = loop.run_in_executor(self._spilling, self._spill.add, record, self._last_seq)
        # Whichever comes first, store or file: in the end it is in the store, and the file need not keep it.
        future.add_done_callback(lambda _stored: loop.run_in_executor(self._spilling, self._settle, loop, [record.id]))
        try:
            await asyncio.wait_for(asyncio.shield(adding), self._patience_s)
        except (OSError, StoreFullError, TimeoutError) as error:
            adding.add_done_callback(lambda late: late.cancelled() or late.exception())
            if not future.done():
                self.trouble("record_lost", {"target": record.target, "kind": record.kind, "error": str(error)})
                return Durability.NOWHERE
        self._tell("journal_slow", {"waiting": self._waiting})
        return Durability.SPILLED

    async def run(self) -> None:
        """Writes until :meth:`stop`; what fails otherwise than by a busy or full store ends the run."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writing, self._serve, loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """The writer's thread. A group that could not be written stays for the next run."""
        while not (self._stopping.is_set() and (self._group or self._queue.empty())):
            if not self._group:
                self._collect()
            if self._group:
                self._write_group(loop)

    def _collect(self) -> None:
        """Waits for one record, then takes all that are there; None in the queue wakes the thread to stop."""
        item = self._queue.get()
        while item is not None:
            self._group.append(item)
            if len(self._group) == LARGEST_GROUP or self._queue.empty():
                return
            item = self._queue.get()

    def _write_group(self, loop: asyncio.AbstractEventLoop) -> None:
        records = [record for record, _future in self._group]
        try:
            numbers = self._store.append(records)
        except GatehouseError as error:
            loop.call_soon_threadsafe(self._tell, "journal_stalled", {"error": str(error)})
            self._stopping.wait(RETRY_S)
            return
        written, self._group = self._group, []
        loop.call_soon_threadsafe(self._written, written, numbers)
        self._settle(loop, [record.id for record in records])

    def _settle(self, loop: asyncio.AbstractEventLoop, ids: Sequence[tuple[str, int]]) -> None:
        """Waits for the disk, so never on the loop's thread. What cannot be struck out is known at the next replay."""
        try:
            self._spill.settle(ids)
        except OSError as error:
            loop.call_soon_threadsafe(self._tell, "spill_failed", {"error": str(error)})

    def _written(self, written: "list[tuple[Record, asyncio.Future[int]]]", numbers: Sequence[int]) -> None:
        self._waiting -= len(written)
        self._told.clear()
        self._last_seq = numbers[-1]
        for (_record, future), number in zip(written, numbers, strict=True):
            if not future.done():
                future.set_result(number)
        if self.lost:
            lost, self.lost = self.lost, 0
            self.note("journal.overflow", "system", {"lost": lost})

    def _tell(self, kind: str, detail: Mapping[str, object]) -> None:
        """Once until the store writes again."""
        if kind not in self._told:
            self._told.add(kind)
            self.trouble(kind, detail)

    async def stop(self) -> None:
        """Writes what waits, or spills it when the store cannot, and ends the threads."""
        self._stopping.set()
        self._queue.put(None)
        await asyncio.to_thread(self._writing.shutdown)
        await asyncio.to_thread(self._spill_rest)
        await asyncio.to_thread(self._spilling.shutdown)
        self._spill.close()

    def _spill_rest(self) -> None:
        while not self._queue.empty():
            item = self._queue.get()
            if item is not None:
                self._group.append(item)
        records = [record for record, _future in self._group]
        for at in range(0, len(records), LARGEST_GROUP):
            try:
                self._spill.add_all(records[at : at + LARGEST_GROUP], self._last_seq)
            except (OSError, StoreFullError) as error:
                log.error("records_lost", count=len(records) - at, error=str(error))  # noqa: TRY400 - no defect of ours
                return


def _unheard(_kind: str, _detail: Mapping[str, object]) -> None:
    """Nobody listens for trouble yet."""
