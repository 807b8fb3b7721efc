"""Whatever order, doubling and loss a broker adds, a controller holds a true list or keeps the old one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.whitelist import NO_END, Entry, Terms, Whitelist
from sync.protocol.lists import Head, Page, Tail
from sync.protocol.receiving import ListReceiver, Outcome, Report
from tests.sync.protocol.history import History, key

CHANGE = st.tuples(
    st.dictionaries(st.integers(0, 30), st.integers(0, 3), max_size=5), st.sets(st.integers(0, 30), max_size=4)
)
LIVES = st.lists(st.one_of(CHANGE, st.none()), min_size=1, max_size=12)


def live(changes: list[tuple[dict[int, int], set[int]] | None]) -> History:
    """None cuts a base."""
    history = History()
    for change in changes:
        if change is None:
            history.cut()
        else:
            history.change(*change)
    return history


def hand_in(receiver: ListReceiver, message: Head | Tail | Page) -> Outcome:
    if isinstance(message, Head):
        return receiver.on_head(message)
    return receiver.on_tail(message) if isinstance(message, Tail) else receiver.on_page(message)


def serve(receiver: ListReceiver, history: History, rounds: int = 100) -> list[Report]:
    """A good broker: whatever is needed arrives, once for each need."""
    reports: list[Report] = []
    asked: set[object] = set()
    for _round in range(rounds):
        new = receiver.needs - asked
        if not new:
            break
        asked |= new
        for need in sorted(new, key=lambda n: n.page is None):
            message = history.tail if need.page is None else history.pages.get((need.base, need.page))
            if message is not None:
                reports += hand_in(receiver, message).reports
    return reports


def big(count: int = 300) -> History:
    """A list whose window does not reach back to its beginning."""
    history = History(page_bytes=18 * 50)
    history.change(dict.fromkeys(range(count), 0), set())
    history.cut()
    return history


@settings(max_examples=200)
@given(LIVES, st.data())
def test_a_list_in_force_is_always_a_true_one(
    changes: list[tuple[dict[int, int], set[int]] | None], data: st.DataObject
) -> None:
    """Shuffled, doubled and dropped messages never make a list that never was; then a good wire ends the matter."""
    history = live(changes)
    everything: list[Head | Tail | Page] = [*history.heads.values(), *history.tails.values(), *history.pages.values()]
    stream = data.draw(st.lists(st.sampled_from(everything), max_size=60))
    receiver, highest = ListReceiver(), -1
    for message in stream:
        hand_in(receiver, message)
        if receiver.held is not None:
            assert receiver.held.root() == history.roots[receiver.held.version]
            assert receiver.held.version >= highest
            highest = receiver.held.version
    receiver.on_head(history.head)
    receiver.read_again()
    serve(receiver, history)
    assert receiver.held is not None
    assert receiver.held.root() == history.list.root()
    assert not receiver.needs


@given(LIVES, st.data())
def test_merged_changes_lead_from_any_older_version(
    changes: list[tuple[dict[int, int], set[int]] | None], data: st.DataObject
) -> None:
    """A window or a tail, applied once or twice to any version it covers, gives the same list."""
    history = live(changes)
    start = data.draw(st.integers(history.head.window.from_version, history.head.version))
    receiver = ListReceiver()
    receiver.on_head(history.heads[start])
    serve(receiver, _at(history, start))
    held = receiver.held
    assert held is not None
    for _twice in range(2):
        held.apply(history.head.window.changes())
        assert held.root() == history.list.root()


def _at(history: History, version: int) -> History:
    past = History()
    past.pages, past.tails, past.list = history.pages, history.tails, Whitelist(version=version)
    return past


def test_a_change_is_applied_from_the_window_alone() -> None:
    """A controller one version behind needs nothing but the head."""
    history = big()
    receiver = ListReceiver(history.list.copy())
    history.change({5000: 0}, {3})
    outcome = receiver.on_head(history.head)
    assert outcome.commit is not None
    assert outcome.changes is not None
    assert outcome.commit.root() == history.list.root()
    assert not receiver.needs


def test_far_behind_reads_the_tail_and_no_page() -> None:
    """More changes than a window holds are read from the tail."""
    history = big()
    receiver = ListReceiver(history.list.copy())
    for number in range(150):
        history.change({}, {number})
    receiver.on_head(history.head)
    assert [need.page for need in receiver.needs] == [None]
    assert receiver.on_tail(history.tail).commit is not None


def test_older_than_the_base_reads_the_base() -> None:
    """A controller older than the tail's beginning reads the pages; a page that never comes keeps the old list."""
    history = big()
    old = history.list.copy()
    receiver = ListReceiver(old)
    history.change(dict.fromkeys(range(1000, 1200), 0), set())
    history.cut()
    receiver.on_head(history.head)
    wanted = {need.page for need in receiver.needs} - {None}
    assert wanted == set(range(8))
    for number in range(history.base.pages - 1):
        assert receiver.on_page(history.pages[history.base.id, number]).commit is None
    assert receiver.held is old
    before = receiver.needs
    receiver.read_again()
    assert {n.page for n in receiver.needs} == {None, history.base.pages - 1}
    assert not receiver.needs & before
    outcome = receiver.on_page(history.pages[history.base.id, history.base.pages - 1])
    assert outcome.commit is not None
    assert outcome.changes is None


def test_rollback_is_refused_once() -> None:
    """An older head changes nothing and is reported one time."""
    history = big()
    receiver = ListReceiver(history.list.copy())
    history.change({}, {1})
    receiver.on_head(history.head)
    old = history.heads[history.list.version - 1]
    assert receiver.on_head(old).reports == (Report.ROLLBACK_REFUSED,)
    assert receiver.on_head(old).reports == ()
    assert receiver.held is not None
    assert receiver.held.version == history.list.version


def test_higher_epoch_at_a_lower_version() -> None:
    """After a restored backup a higher epoch counts at any version, and the lower one never again."""
    receiver = ListReceiver()
    before = big()
    receiver.on_head(before.head)
    serve(receiver, before)
    restored = History(epoch=2)
    restored.change({1: 0}, set())
    receiver.on_head(restored.head)
    serve(receiver, restored)
    assert receiver.held is not None
    assert (receiver.held.epoch, receiver.held.version) == (2, 1)
    before.change({9: 0}, set())
    assert receiver.on_head(before.head).reports == (Report.ROLLBACK_REFUSED,)


def test_tail_overwritten_while_it_is_read() -> None:
    """A tail newer than the head waits for that head."""
    history = big()
    receiver = ListReceiver(history.list.copy())
    for number in range(150):
        history.change({}, {number})
    receiver.on_head(history.head)
    history.change({}, {200})
    assert receiver.on_tail(history.tail).commit is None
    outcome = receiver.on_head(history.head)
    assert outcome.commit is not None
    assert outcome.commit.root() == history.list.root()


def test_base_replaced_while_it_is_read() -> None:
    """Pages of two bases are never mixed."""
    history = big()
    receiver = ListReceiver()
    receiver.on_head(history.head)
    receiver.on_page(history.pages[history.base.id, 0])
    old = history.base.id
    history.change({}, {0})
    history.cut()
    receiver.on_head(history.head)
    assert receiver.on_page(history.pages[old, 1]).commit is None
    serve(receiver, history)
    assert receiver.held is not None
    assert receiver.held.root() == history.list.root()


def test_two_mismatches_keep_the_old_list() -> None:
    """A tampered tail is thrown away and the base read; a second mismatch is reported; a newer head helps."""
    history = big()
    old = history.list.copy()
    receiver = ListReceiver(old)
    for number in range(150):
        history.change({}, {number})
    receiver.on_head(history.head)
    honest = history.tail
    forged = replace(honest, puts=Entry(key(9999), Terms(0, NO_END)).encode())
    assert receiver.on_tail(forged).reports == ()
    assert {need.page for need in receiver.needs} == {None, *range(history.base.pages)}
    history.tails[history.list.version] = forged
    assert serve(receiver, history) == [Report.DIGEST_MISMATCH]
    assert receiver.held is old
    assert not receiver.needs
    assert receiver.on_head(history.head) == Outcome()
    history.change({}, {160})
    receiver.on_head(history.head)
    serve(receiver, history)
    assert receiver.held.root() == history.list.root()


def test_damaged_memory_at_the_right_version() -> None:
    """A list that says it is current but has another root is read anew."""
    history = big()
    receiver = ListReceiver(Whitelist(version=history.list.version))
    receiver.on_head(history.head)
    assert receiver.needs
    serve(receiver, history)
    assert receiver.held is not None
    assert receiver.held.root() == history.list.root()


def test_more_than_the_memory_holds() -> None:
    """A list longer than the controller's capacity is refused as a whole, never truncated."""
    history = big(300)
    assert ListReceiver(capacity=299).on_head(history.head).reports == (Report.OVER_CAPACITY,)
    receiver = ListReceiver(capacity=300)
    receiver.on_head(history.head)
    serve(receiver, history)
    assert receiver.held is not None


def test_fresh_word() -> None:
    """The same version signed anew makes the list fresh and reads nothing."""
    history = big()
    receiver = ListReceiver(history.list.copy())
    outcome = receiver.on_head(replace(history.head, fresh_until=5000))
    assert outcome == Outcome(fresh=True)
    assert not receiver.needs
