"""Cuts bases: sorts, pages and publishes whole lists in slices short enough for gates to go on deciding."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from gateway.domain.whitelist import ENTRY_SIZE, Whitelist
from gateway.ports import DeviceError
from sync.clock import Clock
from sync.protocol.lists import BaseRef, Page
from sync.protocol.planning import paged, sorted_in_slices
from sync.protocol.topics import Topics
from sync.tracking import ListTrack
from sync.wire import Wire

_PAGES_UNDER_WAY: Final = 8


class BaseCutter:
    """One base at a time; the pages of those no longer used are cleared after a grace period."""

    def __init__(
        self,
        topics: Topics,
        wire: Wire,
        clock: Clock,
        page_bytes: int,
        grace_s: float,
        *,
        current: Callable[[ListTrack], Whitelist | None],
    ) -> None:
        """``current``: what gates are to hold of a list now, None while it is on its way."""
        self._topics = topics
        self._wire = wire
        self._clock = clock
        self._page_bytes = page_bytes
        self._grace_s = grace_s
        self._current = current
        self._orders: asyncio.Queue[ListTrack] = asyncio.Queue()
        self._pages: dict[tuple[str, int], set[str]] = {}
        self._clear_at: dict[tuple[str, int], float] = {}
        self._clearing = asyncio.Event()
        self._under_way: set[tuple[str, int]] = set()

    def cut(self, track: ListTrack) -> None:
        """Orders a new base; nothing happens when one of this list is already being made."""
        if not track.cutting:
            track.cutting = True
            self._orders.put_nowait(track)

    async def run(self, done: Callable[[str, DeviceError | None], None]) -> None:
        """Works through the orders; ``done`` hears of each, with the error that ended it."""
        while True:
            track = await self._orders.get()
            try:
                await self._cut(track)
            except DeviceError as error:
                done(track.name, error)
            else:
                done(track.name, None)
            finally:
                track.cutting = False

    async def _cut(self, track: ListTrack) -> None:
        """What was ordered may have changed since: the list is looked up when its turn comes."""
        whitelist = self._current(track)
        if whitelist is None:
            return
        base_id, turns = track.begin_cut(self._clock.wall()), track.turns
        epoch, version, terms = whitelist.epoch, whitelist.version, whitelist.terms()
        self._under_way.add((track.name, base_id))
        try:
            entries = bytearray()
            for piece in sorted_in_slices(terms):
                entries += piece
                await asyncio.sleep(0)
            digests = await self._publish_pages(track.name, epoch, base_id, paged(bytes(entries), self._page_bytes))
        finally:
            self._under_way.discard((track.name, base_id))
        if (track.epoch, track.turns) == (epoch, turns):
            track.end_cut(BaseRef(base_id, version, len(digests), len(entries) // ENTRY_SIZE), digests)

    async def _publish_pages(self, name: str, epoch: int, base_id: int, pages: list[bytes]) -> dict[str, bytes]:
        digests: dict[str, bytes] = {}
        waiting: list[asyncio.Future[None]] = []
        for number, entries in enumerate(pages):
            topic = self._topics.page(name, base_id, number)
            payload = Page(name, epoch, base_id, number, entries).encode()
            self.found(name, base_id, topic)
            digests[topic] = hashlib.sha256(payload).digest()
            waiting.append(self._wire.publish(topic, payload, retain=True))
            if len(waiting) == _PAGES_UNDER_WAY:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
        return digests

    # --- old bases ---

    def found(self, name: str, base_id: int, topic: str) -> None:
        """This page is retained by the broker."""
        self._pages.setdefault((name, base_id), set()).add(topic)

    def only(self, name: str, base_id: int | None) -> None:
        """The head now names this base: the list's others are cleared when the grace period is over."""
        self._expire(k for k in self._pages if k[0] == name and k[1] != base_id and k not in self._under_way)

    def forget_all_but(self, used: set[tuple[str, int]]) -> None:
        """Bases found at the broker that no head of ours names."""
        self._expire(key for key in self._pages if key not in used | self._under_way)

    def _expire(self, keys: Iterable[tuple[str, int]]) -> None:
        for key in list(keys):
            self._clear_at.setdefault(key, self._clock.monotonic() + self._grace_s)
        self._clearing.set()

    async def clear_loop(self) -> None:
        """Clears what is due."""
        while True:
            await self._clearing.wait()
            if not self._clear_at:
                self._clearing.clear()
                continue
            key, due = min(self._clear_at.items(), key=lambda item: item[1])
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
            await self._clear(key)

    async def _clear(self, key: tuple[str, int]) -> None:
        self._clear_at.pop(key, None)
        for topic in sorted(self._pages.pop(key, ())):
            try:
                await self._wire.publish(topic, b"", retain=True)
            except DeviceError:
                return  # the next read-back finds what is left
