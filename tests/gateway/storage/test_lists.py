"""Whitelists rise one version a change, and followers catch up by the changes alone."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from gateway.domain.decision import Direction, PortalMode, StalePolicy
from gateway.domain.errors import ConflictError, NotFoundError, StaleError
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import NO_END, Changes, Terms, Whitelist
from gateway.storage import lists, tables
from gateway.storage.store import SYSTEM, Store
from tests.stores import seed_area, seed_card, seed_site

FOR_EVER = Terms(0, NO_END)
A, B, C = (b"\x01" + bytes((n,)) * 7 for n in range(3))


def _change(
    store: Store, puts: dict[bytes, Terms], drops: tuple[bytes, ...] = (), *, name: str = "main", by: str = "card:1"
) -> int:
    changes = Changes()
    for key in drops:
        changes.drop(key)
    for key, terms in puts.items():
        changes.put(key, terms)
    with store.write(SYSTEM) as uow:
        return uow.change_list(name, changes, dict.fromkeys(puts, by))


def _load(store: Store) -> dict[str, Whitelist]:
    with store.read() as conn:
        return lists.load(conn)


def test_a_change_raises_the_version(seeded: Store) -> None:
    """By one, with the entries as asked; nothing to change raises nothing."""
    assert _change(seeded, {A: FOR_EVER, B: Terms(1, 2, 3, 4)}) == 1
    assert _change(seeded, {A: Terms(5, 6)}, drops=(B, C)) == 2
    assert _change(seeded, {}) == 2
    held = _load(seeded)["main"]
    assert (held.epoch, held.version) == (1, 2)
    assert dict(held) == {A: Terms(5, 6)}


def test_versions_count_for_each_list(seeded: Store) -> None:
    """A change of one list leaves the others alone."""
    with seeded.write(SYSTEM) as uow:
        seed_area(uow, "garage")
    _change(seeded, {A: FOR_EVER})
    assert {name: held.version for name, held in _load(seeded).items()} == {"main": 1, "garage": 0}


def test_an_unknown_list_is_refused(seeded: Store) -> None:
    """There is nothing to write it to."""
    with pytest.raises(NotFoundError, match="no list attic"):
        _change(seeded, {A: FOR_EVER}, name="attic")


def test_two_credentials_cannot_share_a_key(seeded: Store) -> None:
    """The refusal names the card that holds it (R-CARD-12), and nothing changes."""
    with seeded.write(SYSTEM) as uow:
        holder = f"card:{seed_card(uow, 'K-0417', b'abcd')}"
    _change(seeded, {A: FOR_EVER}, by=holder)
    with pytest.raises(ConflictError, match="K-0417") as refused:
        _change(seeded, {B: FOR_EVER, A: FOR_EVER}, by="card:99")
    assert refused.value.params["rule"] == "R-CARD-12"
    assert dict(_load(seeded)["main"]) == {A: FOR_EVER}
    assert _change(seeded, {B: FOR_EVER}, drops=(A,), by=holder) == 2
    assert _change(seeded, {A: FOR_EVER}, by="card:99") == 3
    _change(seeded, {C: FOR_EVER}, by="plate:1")
    with pytest.raises(ConflictError, match="plate:1"):
        _change(seeded, {C: FOR_EVER}, by="card:99")


def test_followers_get_merged_changes(seeded: Store) -> None:
    """From the version they hold to the newest, the last word for each key; nothing when they are up to date."""
    _change(seeded, {A: FOR_EVER})
    _change(seeded, {B: FOR_EVER})
    _change(seeded, {A: Terms(1, 2)}, drops=(B,))
    with seeded.read() as conn:
        (batch,) = lists.batches_since(conn, {"main": 1})
        (whole,) = lists.batches_since(conn, {})
        assert lists.batches_since(conn, {"main": 3}) == []
    assert (batch.list, batch.epoch, batch.from_version, batch.version) == ("main", 1, 1, 3)
    assert (batch.changes.puts, batch.changes.drops) == ({A: Terms(1, 2)}, {B})
    assert whole.changes.puts == {A: Terms(1, 2)}


def test_pruned_changes_ask_for_a_new_load(seeded: Store) -> None:
    """A follower too far behind is told so instead of being misled."""
    for n in range(6):
        _change(seeded, {A: Terms(n, NO_END)})
    with seeded.write(SYSTEM) as uow:
        assert lists.prune(uow, kept=2) == 4
    with seeded.read() as conn:
        assert [b.version for b in lists.batches_since(conn, {"main": 4})] == [6]
        with pytest.raises(StaleError):
            lists.batches_since(conn, {"main": 3})


def test_a_new_epoch_asks_for_a_new_load(seeded: Store) -> None:
    """All lists get an epoch above any seen, and followers must load."""
    _change(seeded, {A: FOR_EVER})
    with seeded.write(SYSTEM) as uow:
        assert uow.raise_epochs(above=7) == 8
    held = _load(seeded)["main"]
    assert (held.epoch, held.version, dict(held)) == (8, 2, {A: FOR_EVER})
    with seeded.read() as conn, pytest.raises(StaleError):
        lists.batches_since(conn, {"main": 1})


KEYS = st.sampled_from([bytes((1, *[n] * 7)) for n in range(6)])
STEPS = st.lists(
    st.tuples(st.dictionaries(KEYS, st.integers(1, 9).map(lambda n: Terms(n, NO_END))), st.sets(KEYS)), max_size=8
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.randoms(use_true_random=False))
def test_any_follower_ends_where_the_store_is(
    sqlite_store: Store, steps: list[tuple[dict[bytes, Terms], set[bytes]]], seed: random.Random
) -> None:
    """Whenever it looks: a copy brought forward by changes equals a fresh load, root and all."""
    with sqlite_store.write(SYSTEM) as uow:
        name = f"a{uow.conn.scalar(select(func.count()).select_from(tables.areas))}"
        seed_area(uow, name)
    follower = Whitelist()
    for puts, drops in steps:
        _change(sqlite_store, puts, tuple(drops), name=name, by="card:1")
        if seed.random() < 0.5:
            _catch_up(sqlite_store, name, follower)
    _catch_up(sqlite_store, name, follower)
    loaded = _load(sqlite_store)[name]
    assert follower.root() == loaded.root()
    assert follower.version == loaded.version


def _catch_up(store: Store, name: str, follower: Whitelist) -> None:
    with store.read() as conn:
        for batch in lists.batches_since(conn, {name: follower.version}):
            if batch.list == name:
                follower.apply(batch.changes)
                follower.version = batch.version


def test_many_entries_in_one_change(seeded: Store) -> None:
    """More than a statement can carry parameters, put and dropped again."""
    keys = [b"\x01" + n.to_bytes(7) for n in range(3000)]
    _change(seeded, dict.fromkeys(keys, FOR_EVER))
    _change(seeded, dict.fromkeys(keys[:1200], Terms(1, 2)), drops=tuple(keys[1200:]))
    assert dict(_load(seeded)["main"]) == dict.fromkeys(keys[:1200], Terms(1, 2))


def test_the_calendar(store: Store) -> None:
    """Schedules, holidays and time zone as the site keeps them; Shanghai's time before there is a site."""
    with store.read() as conn:
        assert lists.calendar(conn) == Calendar()
    hours = [[480, 720], [780, 1080]]
    with store.write(SYSTEM) as uow:
        seed_site(uow)
        uow.conn.execute(update(tables.site).values(timezone="Europe/Berlin", calendar_version=4))
        uow.conn.execute(insert(tables.holidays).values(day="2026-10-01"))
        uow.conn.execute(
            insert(tables.schedules).values(number=3, name="Work", weekdays=[hours] * 5 + [[]] * 2, holidays=[])
        )
    with store.read() as conn:
        calendar = lists.calendar(conn)
    assert (calendar.timezone, calendar.version, len(calendar.holidays)) == ("Europe/Berlin", 4, 1)
    assert calendar.schedules[3].weekdays == (((480, 720), (780, 1080)),) * 5 + ((),) * 2


def test_the_portals(store: Store) -> None:
    """As the domain knows them."""
    with store.write(SYSTEM) as uow:
        row = {
            "id": "main-in",
            "name": "Main",
            "direction": "in",
            "lists": ["main"],
            "mode": "held_open",
            "stale": "deny",
        }
        uow.conn.execute(insert(tables.portals).values(row))
    with store.read() as conn:
        (portal,) = lists.portals(conn)
    wanted = Portal("main-in", "Main", Direction.IN, ("main",), mode=PortalMode.HELD_OPEN, stale=StalePolicy.DENY)
    assert portal == wanted
