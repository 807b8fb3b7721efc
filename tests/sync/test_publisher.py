"""The publisher keeps the broker like the store: in order, in time, and never past a doubt."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.whitelist import NO_END, Changes, Entry, Terms, Whitelist
from gateway.ports import DeviceOfflineError, ListBatch
from sync.protocol.lists import HEAD_LIMIT, Head, Page, Tail
from sync.protocol.receiving import ListReceiver
from sync.protocol.signed import unseal
from sync.protocol.topics import Kind, Topics
from sync.publisher import Publisher
from tests.sync.memory import MemoryWire, SteppedClock, settle
from tests.sync.world import FOREVER, KEY, SITE, Site, entries, key

TOPICS = Topics(SITE)
LIST = "residents"


class Rig:
    """A publisher over a broker in memory."""

    def __init__(self, site: Site, wire: MemoryWire | None = None) -> None:
        self.site = site
        self.wire = wire or MemoryWire()
        self.wire.log.clear()
        self.clock = SteppedClock()
        self.alarms: list[str] = []
        self.reported: tuple[int, int] = (0, 0)
        self.publisher = Publisher(
            TOPICS,
            site,
            self.wire,
            lambda: KEY,
            clock=self.clock,
            alarm=self._alarm,
            highest=lambda _list: self.reported,
        )
        site.listener = self.publisher
        self.wire.listener = self

    def _alarm(self, kind: str, _detail: Mapping[str, object]) -> None:
        self.alarms.append(kind)

    def wire_connected(self) -> None:
        self.publisher.connected()

    def wire_lost(self, why: str) -> None:
        del why
        self.publisher.lost()

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        address = TOPICS.parse(topic)
        if retained and address is not None:
            self.publisher.retained(address, topic, payload)

    def head(self) -> Head:
        topic = TOPICS.head(LIST)
        return Head.decode(unseal(topic, self.wire.retained[topic], {KEY.kid: KEY.public}, HEAD_LIMIT))

    def tail(self) -> Tail:
        return Tail.decode(self.wire.retained[TOPICS.tail(LIST)])

    def kinds(self) -> list[Kind]:
        return [a.kind for a in (TOPICS.parse(topic) for topic, _payload in self.wire.log) if a is not None]

    def pages(self) -> list[str]:
        return sorted(topic for topic in self.wire.retained if "/base/" in topic)


class Gate:
    """A controller that reads what is retained."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._receiver = ListReceiver()

    def reads(self) -> Whitelist:
        """The list it holds after reading; the newest head's."""
        retained, head = self._rig.wire.retained, self._rig.head()
        self._receiver.on_head(head)
        for _ in range(3):
            for need in sorted(self._receiver.needs, key=lambda need: need.page is None):
                if need.page is None:
                    self._receiver.on_tail(self._rig.tail())
                else:
                    self._receiver.on_page(Page.decode(retained[TOPICS.page(LIST, need.base, need.page)]))
        held = self._receiver.held
        assert held is not None
        assert (held.version, held.root()) == (head.version, head.root)
        return held


@asynccontextmanager
async def started(site: Site, wire: MemoryWire | None = None) -> AsyncIterator[Rig]:
    rig = Rig(site, wire)
    task = asyncio.create_task(rig.publisher.run())
    rig.publisher.connected()
    await rig.clock.step(2)
    try:
        yield rig
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def residents(count: int, *, epoch: int = 1, version: int = 1) -> Site:
    return Site(["gate-a"], {LIST: Whitelist(entries(count), epoch=epoch, version=version)})


async def test_pages_then_tail_then_head() -> None:
    """The first version: pages with all entries, an empty tail, a head that names them."""
    async with started(residents(2000)) as rig:
        assert rig.kinds() == [Kind.PAGE] * 3 + [Kind.TAIL, Kind.HEAD]
        head = rig.head()
        assert (head.version, head.count, head.base.pages, head.window.from_version) == (1, 2000, 3, 1)
        assert head.root == rig.site.lists()[LIST].root()
        got = [e for t in rig.pages() for e in Page.decode(rig.wire.retained[t]).decoded()]
        assert sorted(got) == sorted(entries(2000))


async def test_additions_wait_25_ms_and_become_one_head() -> None:
    """Changes that come together go out once."""
    async with started(residents(10)) as rig:
        rig.wire.log.clear()
        for number in range(20, 24):
            rig.site.change(LIST, put=[Entry(key(number), FOREVER)])
        await rig.clock.step(0.024)
        assert rig.kinds() == []
        await rig.clock.step(0.002)
        assert rig.kinds() == [Kind.TAIL, Kind.HEAD]
        assert (rig.head().version, rig.head().window.from_version, rig.tail().from_version) == (5, 1, 1)


@pytest.mark.parametrize("shortened", [False, True])
async def test_a_removal_does_not_wait(shortened: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """Whoever loses a right loses it at once, in less than 2 KiB, and takes waiting additions along."""
    async with started(residents(10)) as rig:
        rig.wire.log.clear()
        rig.site.change(LIST, put=[Entry(key(20), FOREVER)])
        await settle()
        if shortened:
            rig.site.change(LIST, put=[Entry(key(1), Terms(0, rig.clock.wall()))])
        else:
            rig.site.change(LIST, drop=[key(1)])
        await settle()
        assert rig.head().version == 3
        assert len(rig.wire.retained[TOPICS.head(LIST)]) <= 2048


async def test_heads_are_signed_anew() -> None:
    """Every ten minutes, though nothing changed."""
    async with started(residents(10)) as rig:
        before = rig.head()
        await rig.clock.step(601)
        assert rig.head().version == before.version
        assert rig.head().fresh_until >= before.fresh_until + 600


async def test_a_new_base_and_the_end_of_the_old() -> None:
    """A tail that has outgrown its base leads to another base; the old pages go ten minutes later."""
    async with started(residents(10)) as rig:
        old = rig.pages()
        for start in (100, 150):
            rig.site.change(LIST, put=[Entry(key(start + n), FOREVER) for n in range(50)])
            await rig.clock.step(1)
        assert rig.head().base.count == 110
        assert rig.tail().puts == b""
        assert set(old) < set(rig.pages())
        await rig.clock.step(601)
        assert not set(old) & set(rig.pages())
        assert len(rig.pages()) == rig.head().base.pages


async def test_a_broker_that_lost_pages() -> None:
    """Pages missing or different at the next session lead to a new base; whole ones are left alone."""
    async with started(residents(2000)) as rig:
        rig.wire.log.clear()
        rig.publisher.connected()
        await rig.clock.step(2)
        assert Kind.PAGE not in rig.kinds()
        rig.wire.retained[rig.pages()[0]] = b"other"
        before = rig.head().base.id
        rig.publisher.connected()
        await rig.clock.step(2)
        assert rig.head().base.id > before


async def test_a_restarted_gateway_cleans_up() -> None:
    """A new process cuts a base with a higher number and clears the pages of the old one."""
    wire = MemoryWire()
    async with started(residents(2000), wire) as rig:
        old = rig.pages()
    async with started(residents(2000), wire) as rig:
        assert not set(old) & {t for t in rig.pages() if f"/base/{rig.head().base.id}/" in t}
        await rig.clock.step(700)
        assert len(rig.pages()) == 3
        assert not set(old) & set(rig.pages())


async def test_mass_removal_waits_for_a_person() -> None:
    """Eleven of a hundred are not dropped before somebody confirmed; the old head stays fresh."""
    async with started(residents(100)) as rig:
        version = rig.site.change(LIST, drop=[key(n) for n in range(11)])
        await rig.clock.step(700)
        assert rig.head().version == 1
        assert rig.head().at > rig.clock.wall() - 200
        assert rig.publisher.held[LIST].removals == 11
        assert rig.alarms == ["mass_removal_held"]
        rig.publisher.confirm(LIST)
        await settle()
        assert rig.head().version == version
        assert not rig.publisher.held
        with pytest.raises(NotFoundError):
            rig.publisher.confirm("other")


async def test_mass_removal_is_seen_after_a_restart() -> None:
    """A list that shrank while the gateway was down is read back: gates keep it, and a revocation passes."""
    wire = MemoryWire()
    async with started(residents(200), wire):
        pass
    async with started(residents(100, version=2), wire) as rig:
        gate = Gate(rig)
        assert len(gate.reads()) == 200
        assert rig.publisher.held[LIST].count_before == 200
        rig.site.change(LIST, drop=[key(7)])
        await settle()
        assert len(gate.reads()) == 199
        assert key(7) not in gate.reads()
        rig.publisher.confirm(LIST)
        await rig.clock.step(1)
        assert gate.reads().root() == rig.site.lists()[LIST].root()
        assert rig.head().count == 99


async def test_a_list_that_cannot_be_read_back_is_left_alone() -> None:
    """The broker lost a page and the list shrank: nothing new is said of it before a person confirmed."""
    wire = MemoryWire()
    async with started(residents(200), wire) as rig:
        del wire.retained[rig.pages()[0]]
    async with started(residents(100, version=2), wire) as rig:
        assert (rig.head().version, rig.head().count) == (1, 200)
        assert rig.publisher.held[LIST].removals == 100
        rig.publisher.confirm(LIST)
        await rig.clock.step(1)
        assert (rig.head().count, len(rig.publisher.held)) == (100, 0)


@pytest.mark.parametrize("read_between", [False, True])
async def test_a_revocation_does_not_wait_behind_a_mass_removal(read_between: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """A lost card is off the gates at once, those withheld stay until confirmed, and then they go everywhere."""
    async with started(residents(100)) as rig:
        gate = Gate(rig)
        assert len(gate.reads()) == 100
        rig.site.change(LIST, drop=[key(n) for n in range(20)])
        await settle()
        rig.site.change(LIST, drop=[key(50)], put=[Entry(key(200), FOREVER)])
        await settle()
        if read_between:
            held = gate.reads()
            assert {key(50), key(0), key(19), key(200)} & {entry.key for entry in held} == {key(0), key(19), key(200)}
            assert Gate(rig).reads().root() == held.root()
        assert (rig.publisher.held[LIST].removals, rig.publisher.held[LIST].version) == (20, 2)
        rig.publisher.confirm(LIST)
        await rig.clock.step(1)
        truth = rig.site.lists()[LIST]
        assert gate.reads().root() == Gate(rig).reads().root() == truth.root()
        rig.site.change(LIST, drop=[key(60)])
        await settle()
        assert gate.reads().root() == truth.root()


async def test_a_broker_that_lost_everything_while_a_removal_waits() -> None:
    """The list with the entries withheld is said anew, whole."""
    async with started(residents(100)) as rig:
        rig.site.change(LIST, drop=[key(n) for n in range(20)])
        await settle()
        rig.wire.retained.clear()
        rig.publisher.connected()
        await rig.clock.step(2)
        assert len(Gate(rig).reads()) == 100
        rig.publisher.confirm(LIST)
        await rig.clock.step(1)
        assert len(Gate(rig).reads()) == 80


async def test_a_controller_ahead_of_the_store() -> None:
    """After a restored backup nothing is published until the epoch was raised."""
    site = residents(10, version=5)
    async with started(site) as rig:
        rig.reported = (1, 9)
        rig.publisher.reported(LIST)
        site.change(LIST, put=[Entry(key(50), FOREVER)])
        await rig.clock.step(1)
        assert rig.head().version == 5
        assert rig.publisher.ahead == {LIST: (1, 9)}
        assert rig.alarms == ["controller_ahead"]
        whitelist = site.lists()[LIST]
        whitelist.epoch, before = 2, whitelist.version
        whitelist.version = before + 1
        rig.publisher.lists_changed([ListBatch(LIST, 2, before, before + 1, Changes())])
        await rig.clock.step(1)
        assert (rig.head().epoch, rig.head().version) == (2, before + 1)
        assert rig.head().base.version == before + 1
        assert not rig.publisher.ahead


async def test_an_old_head_ahead_of_the_store() -> None:
    """What the gateway itself once signed counts as much as a controller's word."""
    wire = MemoryWire()
    async with started(residents(10, version=7), wire):
        pass
    async with started(residents(10, version=3), wire) as rig:
        assert rig.head().version == 7
        assert rig.alarms == ["controller_ahead"]


async def test_a_batch_that_never_came() -> None:
    """A gap in the versions is bridged by a new base, not guessed."""
    site = residents(100)
    async with started(site) as rig:
        whitelist = site.lists()[LIST]
        whitelist.put(key(500), Terms(0, NO_END))
        whitelist.version = 3
        site.change(LIST, put=[Entry(key(501), FOREVER)])
        await rig.clock.step(1)
        assert (rig.head().version, rig.head().base.version) == (4, 4)
        assert rig.head().root == whitelist.root()


async def test_a_list_that_is_gone() -> None:
    """A list the site no longer has loses its head and tail at once and its pages after the grace period."""
    site = residents(10)
    async with started(site) as rig:
        site._lists.clear()
        rig.clock.now += 0
        await rig.clock.step(601)
        assert TOPICS.head(LIST) not in rig.wire.retained
        await rig.clock.step(601)
        assert rig.pages() == []


@pytest.fixture
def _own_garbage() -> Iterator[None]:
    """What other tests left behind is not searched meanwhile: that takes as long as there is of it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_own_garbage")
async def test_a_whole_list_is_cut_in_slices() -> None:
    """While 100,000 entries are paged, no slice keeps the event loop for long: gates go on deciding."""
    site = residents(100_000)
    site.lists()[LIST].root()
    gaps: list[float] = []
    ticker = asyncio.create_task(_tick(gaps))
    async with started(site) as rig:
        for _step in range(20):
            await rig.clock.step(0.1)
        ticker.cancel()
        assert len(rig.pages()) == 110
        assert rig.head().base.count == 100_000
    gaps.sort()
    assert len(gaps) > 200
    assert gaps[int(len(gaps) * 0.99)] < 0.02
    assert gaps[-1] < 0.1


async def _tick(gaps: list[float]) -> None:
    """How much of this thread's time each turn of the loop takes."""
    last = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        gaps.append(now - last)
        last = now


async def test_a_broker_slow_to_confirm_is_greeted_again() -> None:
    """The session lives on, so nobody else would ever begin again."""
    wire = MemoryWire()
    subscribe, failures = wire.subscribe, [DeviceOfflineError("The broker did not confirm a message in time.")]

    async def slow(topics: Sequence[str]) -> None:
        if failures:
            raise failures.pop()
        await subscribe(topics)

    wire.subscribe = slow  # type: ignore[method-assign]  # fails once
    async with started(residents(10), wire) as rig:
        assert rig.alarms == ["read_back_failed"]
        await rig.clock.step(10)
        assert rig.head().count == 10
