"""What the runtime asks of the services: cards that call a person, alarms, expiries, news."""

import dataclasses

import pytest
from sqlalchemy import select, text, update

from gateway.daemon.wiring import ListNews, keep_alarms_in, look_up_in, look_up_key_in, sweep_in
from gateway.domain.identity import Identity
from gateway.domain.whitelist import Changes
from gateway.ports import ListBatch
from gateway.runtime.admission import Presentation
from gateway.runtime.alarms import Alarm
from gateway.runtime.hub import EventHub
from gateway.services import alarms, projection, seed
from gateway.signing.keyring import Keyring
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.stores import SteppedClock


@pytest.fixture
def compound(sqlite_store: Store) -> seed.SeededCompound:
    """The demo's compound."""
    with sqlite_store.write(SYSTEM) as uow:
        return seed.seed_compound(uow, Keyring(bytes(32)))


@pytest.mark.parametrize(
    ("state", "told"),
    [("lost", 1), ("provisional_lost", 1), ("cancelled", 1), ("frozen", 1), ("active", 0), ("expired", 0)],
)
def test_a_wanted_card_is_known_at_the_reader(
    sqlite_store: Store, compound: seed.SeededCompound, state: str, told: int
) -> None:
    """Cards that nobody should hold call a person, wherever they turn up; others are only refused."""
    card = compound.li_na
    assert card.uid is not None
    with sqlite_store.write(SYSTEM) as uow:
        uow.conn.execute(text("UPDATE cards SET state = :state WHERE id = :id"), {"state": state, "id": card.id})
    identity = Identity.uid(card.uid.hex())
    alarm = look_up_in(sqlite_store, compound.keys)("main-in", Presentation("r", identity, 0.0))
    detail = {"card": "0417", "state": state, "unit": "3-1-502"}
    assert alarm == (Alarm("card_reported", "device:r", detail) if told else None)
    alarm = look_up_key_in(sqlite_store, compound.keys)("main-in", compound.keys.list(identity))
    assert alarm == (Alarm("card_reported", "portal:main-in", detail) if told else None)


def test_a_copy_of_a_secured_card_calls_a_person(sqlite_store: Store, compound: seed.SeededCompound) -> None:
    """At a gate that lists the card by its number only, its UID alone is a copy; elsewhere it is the card."""
    card, number = compound.li_na, bytes(range(1, 9))
    assert card.uid is not None
    look_up, look_up_key = look_up_in(sqlite_store, compound.keys), look_up_key_in(sqlite_store, compound.keys)
    identity = Identity.uid(card.uid.hex())
    tap, key = Presentation("r", identity, 0.0), compound.keys.list(identity)
    assert (look_up("main-in", tap), look_up_key("main-in", key)) == (None, None)
    with sqlite_store.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == card.id).values(secure_number=number))
        uow.conn.execute(update(tables.areas).where(tables.areas.c.id == "compound").values(forms=["uid", "secure"]))
        uow.conn.execute(update(tables.areas).where(tables.areas.c.id == "car-park").values(forms=["uid", "w26"]))
        projection.project_card(uow, compound.keys, card.id)
    alarm = look_up("main-in", tap)
    assert alarm is not None
    assert (alarm.kind, alarm.source) == ("clone_suspected", f"card:{card.id}")
    told = {"card": "0417", "unit": "3-1-502", "portal": "main-in"}
    assert alarm.detail == told
    assert look_up_key("main-in", key) == alarm
    assert (look_up("garage", tap), look_up_key("garage", key)) == (None, None)


def test_a_strange_card_is_not_known(sqlite_store: Store, compound: seed.SeededCompound) -> None:
    """Nobody's card calls nobody."""
    assert compound.cards
    tap = Presentation("r", Identity.uid("deadbeef"), 0.0)
    assert look_up_in(sqlite_store, compound.keys)("main-in", tap) is None


def test_alarms_are_kept(store: Store) -> None:
    """And counted when they repeat."""
    keep = keep_alarms_in(store)
    keep(Alarm("tamper", "device:r", {"open": True}))
    keep(Alarm("tamper", "device:r", {"open": True}))
    with store.read() as conn:
        (view,) = alarms.open_alarms(conn)
    assert (view.kind, view.source, view.count, view.detail) == ("tamper", "device:r", 2, {"open": True})


def test_what_ended_leaves_the_lists(
    sqlite_store: Store, compound: seed.SeededCompound, store_clock: SteppedClock
) -> None:
    """A tenancy of 200 days is swept away after them."""
    sweep = sweep_in(sqlite_store, compound.keys)

    def ended() -> int:
        c = tables.list_entries.c
        with sqlite_store.read() as conn:
            return len(conn.execute(select(c.key).where(c.valid_until <= int(store_clock()))).all())

    sweep()
    assert ended() == 0
    store_clock.step(201 * 86_400)
    assert ended() > 0
    sweep()
    assert ended() == 0


async def test_pages_hear_of_lists_and_set_up() -> None:
    """As news."""
    hub = EventHub()
    listener = ListNews(hub)
    with hub.subscribe() as news:
        listener.lists_changed([ListBatch("main", 1, 3, 4, Changes())])
        listener.site_changed()
        heard = [dataclasses.astuple(await anext(news)) for _ in range(2)]
    assert heard == [("lists", {"main": 4}), ("site", {})]
