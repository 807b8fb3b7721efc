"""Publishes whitelists: base, tail and head of every list, schedules and configurations (PROTOCOL.md).

Everything is said again at each new session with the broker, which is a wire and not a store. Nothing
here waits for the broker between two messages of one list: the order of sending is the order of arrival.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.domain.errors import NotFoundError
from gateway.domain.whitelist import Whitelist
from gateway.ports import DeviceError, ListBatch, WhitelistSource
from gateway.signing.keys import SigningKey
from sync.bases import BaseCutter
from sync.clock import Clock
from sync.mass_removals import Alarm, Held, MassRemovals
from sync.protocol.lists import Head, Tail
from sync.protocol.planning import base_is_due, size_of, window_of
from sync.protocol.signed import seal
from sync.protocol.topics import Address, Kind, Topics
from sync.read_back import ReadBack
from sync.tracking import ListTrack
from sync.wire import Wire

# A tail that a burst has made longer than this waits for its new base.
TAIL_CEILING: Final = 64 * 1024
_READ_BACK_MOST_S: Final = 30.0
_GREET_AGAIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """Intervals in seconds. A head is fresh for three times ``fresh_every_s``."""

    fresh_every_s: float = 600.0
    coalesce_s: float = 0.025
    old_base_grace_s: float = 600.0
    read_back_quiet_s: float = 0.5
    page_bytes: int = 16 * 1024


class Publisher:
    """Follows the store (it is a ListListener) and keeps the broker's retained messages like it."""

    def __init__(
        self,
        topics: Topics,
        source: WhitelistSource,
        wire: Wire,
        signer: Callable[[], SigningKey],
        *,
        clock: Clock,
        alarm: Alarm,
        highest: Callable[[str], tuple[int, int]],
        settings: PublisherSettings | None = None,
    ) -> None:
        """``highest`` tells the highest (epoch, version) any controller reports of a list."""
        self._topics = topics
        self._source = source
        self._wire = wire
        self._signer = signer
        self._clock = clock
        self._alarm = alarm
        self._highest = highest
        self._settings = settings or PublisherSettings()
        self._tracks: dict[str, ListTrack] = {}
        self._ahead: dict[str, tuple[int, int]] = {}
        self._judge = MassRemovals(source, alarm)
        self._found = ReadBack(topics)
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._session = asyncio.Event()
        self._may_publish = False
        self._heard_at = 0.0
        page_bytes, grace_s = self._settings.page_bytes, self._settings.old_base_grace_s
        self._cutter = BaseCutter(topics, wire, clock, page_bytes, grace_s, current=self._current)

    # --- what others ask ---

    @property
    def held(self) -> Mapping[str, Held]:
        """Mass removals waiting for :meth:`confirm`, by list."""
        return {name: held for name, track in self._tracks.items() if (held := self._judge.held(track)) is not None}

    @property
    def ahead(self) -> Mapping[str, tuple[int, int]]:
        """Lists of which somebody holds a higher (epoch, version) than the store: a restored backup."""
        return dict(self._ahead)

    def published(self, list_: str) -> Head | None:
        """The newest head that was sent."""
        track = self._tracks.get(list_)
        return None if track is None else track.published

    def confirm(self, list_: str) -> None:
        """A person has seen how many a list will lose, and lets them go."""
        track = self._tracks.get(list_)
        if track is None:
            raise NotFoundError("There is no list “%(list)s”.", list=list_)
        if track.shown is not None:
            track.release()
        track.blocked = False
        self._mark(list_, urgent=True)

    # --- ListListener ---

    def lists_changed(self, batches: Sequence[ListBatch]) -> None:
        """Notes the changes; they go out after 25 ms, or at once when somebody loses a right."""
        for batch in batches:
            track = self._tracks.get(batch.list)
            if track is None:
                track = self._tracks[batch.list] = ListTrack(batch.list, batch.epoch, batch.version)
            self._judge.note(track, batch)
            self._mark(batch.list, urgent=self._removes(batch))

    def _removes(self, batch: ListBatch) -> bool:
        now = self._clock.wall()
        return bool(batch.changes.drops) or any(t.valid_until <= now for t in batch.changes.puts.values())

    def reported(self, list_: str) -> None:
        """A controller reported what it holds of a list: look whether that is more than we have."""
        track, whitelist = self._tracks.get(list_), self._source.lists().get(list_)
        if track is not None and whitelist is not None:
            self._is_ahead(track, whitelist)

    # --- WireListener, by way of sync.gateway ---

    def connected(self) -> None:
        """A new session: what is retained is read back, and all that should be is said again."""
        self._found = ReadBack(self._topics)
        self._heard_at = self._clock.monotonic()
        self._session.set()

    def lost(self) -> None:
        """No session: changes wait in the tracks."""
        self._session.clear()

    def heard(self) -> None:
        """Retained messages still come in."""
        self._heard_at = self._clock.monotonic()

    def retained(self, address: Address, topic: str, payload: bytes) -> None:
        """One of our own retained messages, read back."""
        self.heard()
        signer = self._signer()
        self._found.take(address, topic, payload, {signer.kid: signer.public})
        if address.kind is Kind.PAGE:
            self._cutter.found(address.name, address.base, topic)

    # --- running ---

    async def run(self) -> None:
        """Publishes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._flush_loop())
            tasks.create_task(self._refresh_loop())
            tasks.create_task(self._session_loop())
            tasks.create_task(self._cutter.run(self._cut_done))
            tasks.create_task(self._cutter.clear_loop())

    async def _session_loop(self) -> None:
        while True:
            await self._session.wait()
            self._session.clear()
            try:
                await self._greet()
            except DeviceError as error:
                self._alarm("read_back_failed", {"why": str(error)})
                await self._clock.sleep(_GREET_AGAIN_S)
                if self._wire.connected:  # a broker that was slow to answer is no lost one: no new session will come
                    self._session.set()

    async def _greet(self) -> None:
        """Reads back. After a restart nothing is said before that; later on heads are said at once."""
        if self._may_publish:
            self._mark_all()
        await self._wire.subscribe([self._topics.all_lists()])
        await self._quiet()
        await self._wire.unsubscribe([self._topics.all_lists()])
        if self._session.is_set():
            return  # another session began meanwhile, and what was found belongs to none
        self._adopt_found_heads()
        for track in self._tracks.values():
            if not self._found.has(track.page_digests):
                track.base = None
        self._cutter.forget_all_but(
            {
                (track.name, base.id)
                for track in self._tracks.values()
                for base in (track.base, track.published.base if track.published else None)
                if base is not None
            }
        )
        self._may_publish = True
        self._mark_all()

    async def _quiet(self) -> None:
        """Until no retained message has come for a while; half a minute at most."""
        quiet, end = self._settings.read_back_quiet_s, self._clock.monotonic() + _READ_BACK_MOST_S
        while (left := min(self._heard_at + quiet, end) - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)

    def _adopt_found_heads(self) -> None:
        """After a restart the old heads tell the last base's number and how long each list was."""
        for name, head in self._found.heads.items():
            track = self._track(name)
            if track is not None and track.published is None:
                track.last_base_id = max(track.last_base_id, head.base.id)
                track.published = head
                self._judge.compare(track, head, self._found)
        self._found.forget()

    def _track(self, name: str) -> ListTrack | None:
        whitelist = self._source.lists().get(name)
        if whitelist is None:
            return None
        return self._tracks.setdefault(name, ListTrack(name, whitelist.epoch, whitelist.version))

    def _mark(self, name: str, *, urgent: bool) -> None:
        self._dirty.add(name)
        self._wake.set()
        if urgent:
            self._hurry.set()

    def _mark_all(self) -> None:
        self._dirty |= self._source.lists().keys() | self._tracks.keys()
        self._wake.set()

    async def _refresh_loop(self) -> None:
        while True:
            await self._clock.sleep(self._settings.fresh_every_s)
            for name, whitelist in self._source.lists().items():
                track = self._track(name)
                if track is not None and (track.epoch, track.version) != (whitelist.epoch, whitelist.version):
                    track.start_over(whitelist.epoch, whitelist.version)  # a batch never came
            self._mark_all()

    async def _flush_loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._coalesce()
            self._hurry.clear()
            if not self._may_publish or not self._wire.connected:
                continue
            dirty, self._dirty = self._dirty, set()
            for name in sorted(dirty):
                self._publish(name)
                await asyncio.sleep(0)

    async def _coalesce(self) -> None:
        """Waits for changes that come together, unless one of them takes a right away."""
        hurry = asyncio.ensure_future(self._hurry.wait())
        pause = asyncio.ensure_future(self._clock.sleep(self._settings.coalesce_s))
        try:
            await asyncio.wait((hurry, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurry.cancel()
            pause.cancel()

    # --- one list ---

    def _publish(self, name: str) -> None:
        whitelist = self._source.lists().get(name)
        if whitelist is None:
            self._take_away(name)
            return
        track = self._track(name)
        if track is None or self._is_ahead(track, whitelist):
            return
        if track.blocked:
            self._say_again(track)
            return
        shown = self._current(track)
        if shown is None:
            return  # the batch is on its way
        if track.base is None or size_of(track.tail) > TAIL_CEILING:
            self._cutter.cut(track)
            return
        if track.shown is not None and self._is_said(track, shown):
            self._say_again(track)
            return
        if base_is_due(track.tail, track.base.count):
            self._cutter.cut(track)
        self._send(track, shown)

    @staticmethod
    def _is_said(track: ListTrack, shown: Whitelist) -> bool:
        """Whether the newest head says just that: the version of what is withheld need not be used."""
        said = track.published
        return said is not None and (said.base, said.root) == (track.base, shown.root())

    def _current(self, track: ListTrack) -> Whitelist | None:
        """What gates are to hold of a list at the version its batches have led to; None while one is on its way."""
        whitelist = self._source.lists().get(track.name)
        if whitelist is None or (track.epoch, track.version) != (whitelist.epoch, whitelist.version):
            return None
        return track.shown or whitelist

    def _send(self, track: ListTrack, whitelist: Whitelist) -> None:
        base = track.base
        if base is None:
            return
        tail = Tail(
            track.name,
            track.epoch,
            base.version,
            track.version,
            track.tail.encode_puts(),
            track.tail.encode_drops(),
        )
        now = self._clock.wall()
        window = window_of(track.history, track.version)
        head = Head(
            track.name,
            track.epoch,
            track.version,
            whitelist.root(),
            len(whitelist),
            now,
            now + int(3 * self._settings.fresh_every_s),
            base,
            window,
        )
        self._retain(self._topics.tail(track.name), tail.encode())
        self._retain_head(head)
        track.went_out(head)
        self._cutter.only(track.name, base.id)

    def _say_again(self, track: ListTrack) -> None:
        """The old version, signed anew: it is still the one in force."""
        if track.published is not None:
            now = self._clock.wall()
            fresh_until = now + int(3 * self._settings.fresh_every_s)
            track.published = replace(track.published, at=now, fresh_until=fresh_until)
            self._retain_head(track.published)

    def _retain_head(self, head: Head) -> None:
        topic = self._topics.head(head.list)
        self._retain(topic, seal(topic, head.encode(), self._signer()))

    def _retain(self, topic: str, payload: bytes) -> None:
        acknowledged = self._wire.publish(topic, payload, retain=True)
        acknowledged.add_done_callback(lambda done: self._check(topic, done))

    def _check(self, topic: str, done: "asyncio.Future[None]") -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None and self._wire.connected:
            self._alarm("publish_refused", {"topic": topic, "why": str(error)})

    def _take_away(self, name: str) -> None:
        if self._tracks.pop(name, None) is not None:
            self._retain(self._topics.head(name), b"")
            self._retain(self._topics.tail(name), b"")
            self._cutter.only(name, None)

    def _is_ahead(self, track: ListTrack, whitelist: Whitelist) -> bool:
        """Whether anyone has seen a higher version than the store has: then a person raises the epoch."""
        seen = self._highest(track.name)
        if track.published is not None:
            seen = max(seen, (track.published.epoch, track.published.version))
        ours = (whitelist.epoch, whitelist.version)
        if seen <= ours:
            self._ahead.pop(track.name, None)
            return False
        if self._ahead.get(track.name) != seen:
            self._ahead[track.name] = seen
            self._alarm("controller_ahead", {"list": track.name, "seen": list(seen), "ours": list(ours)})
        return True

    def _cut_done(self, name: str, error: DeviceError | None) -> None:
        if error is not None:
            self._alarm("base_not_published", {"list": name, "why": str(error)})
            return
        self._mark(name, urgent=True)
