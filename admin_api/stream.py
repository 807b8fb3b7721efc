"""The record as it grows, as server-sent events (WHATWG HTML, 9.2).

Every event is read from the journal, so a stream that broke goes on where it was: the browser sends
``Last-Event-ID`` and gets all records after it, each once, in order. A commit only rings a bell; nothing is
queued for a slow reader, who simply reads later.

News of the encoders (``NEWS``) stands in no journal: it goes, without an id, to who listens now and asked for it.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from anyio import to_thread

from admin_api.schemas.record import RecordOut
from gateway.domain.errors import GatehouseError, TooManyError
from gateway.runtime.house import EventHub, HubEvent
from gateway.services.records import RecordView
from gateway.storage.store import Committed, Store

HEARTBEAT_S: Final = 5.0
BATCH: Final = 200
MAX_STREAMS: Final = 100
NEWS: Final = frozenset({"encoder", "encode_job"})
"""Kinds of the event hub that the stream passes on: what lies on an encoder, and how work on a card goes on."""
_MOST_NEWS: Final = 256
_RETRY_MS: Final = 2000


@dataclass(frozen=True, slots=True)
class Part:
    """What one look into the journal found: what the asker may see of it, and how far it looked.

    ``news``: the kinds of NEWS that the asker wants and may hear at this moment.
    """

    records: Sequence[RecordView]
    upto: int
    news: frozenset[str] = frozenset()


class CommitBell:
    """Wakes the streams of an event loop when something was committed, whatever thread committed it."""

    def __init__(self, store: Store) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        store.subscribe(self._committed)

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._waiting)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set after each commit. Raises TooManyError when too many listen."""
        if len(self._waiting) >= MAX_STREAMS:
            raise TooManyError("%(most)s streams are open already.", most=MAX_STREAMS, retry_after_s=30)
        entry = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(entry)
        try:
            yield entry[1]
        finally:
            self._waiting.discard(entry)

    def _committed(self, _committed: Committed) -> None:
        for loop, event in tuple(self._waiting):
            with suppress(RuntimeError):  # the loop was closed a moment ago
                loop.call_soon_threadsafe(event.set)


async def follow(
    bell: CommitBell, hub: EventHub, look: Callable[[int], Part], after: int, *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """The stream's bytes from record ``after`` on, until ``look`` refuses, or the gateway ends.

    ``look`` reads what follows a record, in a worker thread; it raises GatehouseError when the asker may
    not listen any more.
    """
    with bell.listening() as rung, hub.subscribe() as news:
        heard: deque[HubEvent] = deque(maxlen=_MOST_NEWS)
        ending = asyncio.ensure_future(_hear(news, heard, rung))
        try:
            yield f"retry: {_RETRY_MS}\n\n".encode()
            while not ending.done():
                rung.clear()
                try:
                    part = await to_thread.run_sync(look, after)
                except GatehouseError as error:
                    yield f"event: end\ndata: {json.dumps({'detail': str(error)})}\n\n".encode()
                    return
                for record in part.records:
                    yield _record(record)
                while heard:
                    event = heard.popleft()
                    if event.kind in part.news:
                        yield _news(event)
                if part.upto > after:
                    after = part.upto
                    continue
                if not await _woken(rung, ending, heartbeat_s):
                    yield b": alive\n\n"
        finally:
            ending.cancel()


async def _hear(news: AsyncIterator[HubEvent], heard: "deque[HubEvent]", rung: asyncio.Event) -> None:
    """Keeps what stands in no journal; returns when the gateway ends."""
    async for event in news:
        if event.kind in NEWS:
            heard.append(event)
            rung.set()


async def _woken(rung: asyncio.Event, ending: "asyncio.Future[None]", timeout_s: float) -> bool:
    """Waits for a commit or the end; False when neither came in time."""
    ringing = asyncio.ensure_future(rung.wait())
    try:
        either: set[asyncio.Future[Any]] = {ringing, ending}
        done, _waiting = await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        ringing.cancel()


def _news(event: HubEvent) -> bytes:
    return f"event: {event.kind}\ndata: {json.dumps(event.data)}\n\n".encode()


def _record(record: RecordView) -> bytes:
    return f"id: {record.seq}\nevent: {record.kind}\ndata: {RecordOut.of(record).model_dump_json()}\n\n".encode()
