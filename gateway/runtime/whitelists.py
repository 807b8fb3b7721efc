"""The lists in memory: what admission decides by and the publisher publishes, following the store."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.errors import StaleError, StoreBusyError
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import Changes, Whitelist
from gateway.ports import ListBatch, ListListener
from gateway.storage import lists, tables
from gateway.storage.store import Committed, Store

# Changes up to this size are applied at once (some milliseconds); larger ones beside the loop, then swapped in.
AT_ONCE: Final = 500
# Commits of other processes, such as the command line, are seen by looking.
LOOK_EVERY_S: Final = 2.0
RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class SiteImage:
    """The site's set-up at one moment."""

    version: int = 0
    calendar: Calendar = field(default_factory=Calendar)
    portals: Mapping[str, Portal] = field(default_factory=dict)
    controllers: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


def read_site(conn: Connection) -> SiteImage:
    """The whole set-up; small."""
    controllers = conn.scalars(select(tables.controllers.c.id).order_by(tables.controllers.c.id))
    return SiteImage(
        conn.scalar(select(tables.site.c.config_version)) or 0,
        lists.calendar(conn),
        {portal.id: portal for portal in lists.portals(conn)},
        tuple(controllers),
        tuple(conn.scalars(select(tables.areas.c.id))),
    )


class WhitelistKeeper:
    """Memory that follows the store (ports.WhitelistSource). All but construction on the event loop's thread.

    Decisions go by what was read at once. ``mark`` is told of the new (epoch, version) of lists before the
    listeners are; it may block, and when it fails the listeners are told later, after it succeeded.
    """

    def __init__(self, store: Store, mark: Callable[[Mapping[str, tuple[int, int]]], None] | None = None) -> None:
        self._store = store
        self._mark = mark or (lambda _standing: None)
        self._lists: dict[str, Whitelist] = {}
        self._site = SiteImage()
        self._listeners: list[ListListener] = []
        self._untold: list[ListBatch] = []
        self._news = asyncio.Event()

    def load(self) -> None:
        """Reads everything, before the loop serves."""
        self._site, self._lists = self._read_all()

    def _read_all(self) -> tuple[SiteImage, dict[str, Whitelist]]:
        with self._store.read() as conn:
            return read_site(conn), lists.load(conn)

    def listen(self, listener: ListListener) -> None:
        """Tells the listener of every change from now on."""
        self._listeners.append(listener)

    def standing(self) -> dict[str, tuple[int, int]]:
        """The (epoch, version) of each list."""
        return {name: (whitelist.epoch, whitelist.version) for name, whitelist in self._lists.items()}

    def lists(self) -> Mapping[str, Whitelist]:
        """Every list. Not to be changed by the reader."""
        return self._lists

    def calendar(self) -> Calendar:
        """Schedules, holidays and time zone."""
        return self._site.calendar

    def portal(self, portal: str) -> Portal | None:
        """One portal, or None when there is none of this name."""
        return self._site.portals.get(portal)

    def portals_of(self, controller: str) -> Sequence[Portal]:
        """The portals behind a controller."""
        return [portal for portal in self._site.portals.values() if portal.controller == controller]

    def controllers(self) -> Sequence[str]:
        """All enrolled controllers."""
        return self._site.controllers

    def config_version(self) -> int:
        """Rises with every change of portals or controllers."""
        return self._site.version

    async def run(self) -> None:
        """Follows the store until cancelled."""
        loop = asyncio.get_running_loop()
        self._store.subscribe(lambda committed: self._committed(loop, committed))
        while True:
            try:
                await self.catch_up()
            except StoreBusyError:  # no reason to stay behind longer than the store is away
                await asyncio.sleep(RETRY_S)
                continue
            try:
                await asyncio.wait_for(self._news.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue

    def _committed(self, loop: asyncio.AbstractEventLoop, committed: Committed) -> None:
        """On the committing thread."""
        if (committed.lists or committed.site_changed) and not loop.is_closed():
            loop.call_soon_threadsafe(self._news.set)

    async def catch_up(self) -> None:
        """Brings memory to what the store says now, and tells the listeners."""
        self._news.clear()
        try:
            site, batches = await asyncio.to_thread(self._read_news)
        except StaleError:
            site, batches = await self._read_anew()
        for batch in batches:
            self._untold.append(await self._applied(batch))
        if site != self._site:
            self._adopt(site)
            self._tell_site()
        await self._tell_lists()

    def _read_news(self) -> tuple[SiteImage, list[ListBatch]]:
        versions = {name: whitelist.version for name, whitelist in self._lists.items()}
        with self._store.read() as conn:
            return read_site(conn), lists.batches_since(conn, versions)

    async def _read_anew(self) -> tuple[SiteImage, list[ListBatch]]:
        """The lists whole, and a batch without changes for each that is another: its followers start over."""
        before = self.standing()
        site, self._lists = await asyncio.to_thread(self._read_all)
        risen = [(name, *now) for name, now in self.standing().items() if now != before.get(name)]
        return site, [ListBatch(name, epoch, version, version, Changes()) for name, epoch, version in risen]

    async def _tell_lists(self) -> None:
        if not self._untold:
            return
        told = list(self._untold)
        await asyncio.to_thread(self._mark, {batch.list: (batch.epoch, batch.version) for batch in told})
        del self._untold[: len(told)]
        for listener in self._listeners:
            listener.lists_changed(told)

    def _adopt(self, site: SiteImage) -> None:
        self._site = site
        for area in site.areas:
            self._lists.setdefault(area, Whitelist())

    def _tell_site(self) -> None:
        for listener in self._listeners:
            listener.site_changed()

    async def _applied(self, batch: ListBatch) -> ListBatch:
        """The batch, with the entries it took off."""
        whitelist = self._lists.setdefault(batch.list, Whitelist())
        was = {key: whitelist.get(key) for key in batch.changes.drops}
        if len(batch.changes) > AT_ONCE:
            whitelist = await asyncio.to_thread(_changed_copy, whitelist, batch.changes)
            self._lists[batch.list] = whitelist
        else:
            whitelist.apply(batch.changes)
        whitelist.epoch, whitelist.version = batch.epoch, batch.version
        return replace(batch, removed={key: terms for key, terms in was.items() if terms is not None})


def _changed_copy(whitelist: Whitelist, changes: Changes) -> Whitelist:
    twin = whitelist.copy()
    twin.apply(changes)
    return twin
