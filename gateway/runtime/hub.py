"""News for pages and the event stream, inside the process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

BACKLOG: Final = 512


@dataclass(frozen=True, slots=True)
class HubEvent:
    """Something that just happened, for whoever watches: ``kind`` such as "device"; ``data`` is ready for JSON."""

    kind: str
    data: Mapping[str, object]


class Subscription:
    """One watcher's bounded backlog. ``async for`` over it ends when the hub closes."""

    def __init__(self) -> None:
        self._backlog: deque[HubEvent] = deque(maxlen=BACKLOG)
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, event: HubEvent) -> None:
        """Takes one event; the oldest falls out of a full backlog."""
        self._backlog.append(event)
        self._ready.set()

    def close(self) -> None:
        """Ends the watcher's loop after what is already there."""
        self._closed = True
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[HubEvent]:
        return self

    async def __anext__(self) -> HubEvent:
        while not self._backlog:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._backlog.popleft()


class EventHub:
    """Tells every watcher, never waits for one. All calls on the event loop's thread."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(self, kind: str, data: Mapping[str, object]) -> None:
        """Hands the event to every watcher; a slow one loses its oldest."""
        event = HubEvent(kind, data)
        for subscription in self._subscriptions:
            subscription.put(event)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[HubEvent]]:
        """What happens from now on; leaving the context ends it."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends every watcher's loop: open streams must not hold up the end of the process."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
