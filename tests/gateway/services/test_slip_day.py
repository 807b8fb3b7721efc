"""At the end of the day every number is accounted for: released, unused, void or open (R-SLIP-13)."""

import pytest
from sqlalchemy import update

from gateway.services import release, slips
from gateway.services.slip_day import DaySheet, day_sheet
from gateway.services.slip_views import Taken
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.gateway.services.slip_stage import CLERK, GUARD, KEYS, Load, build, issued, release_id, token
from tests.stores import NOW, SteppedClock

DAY = 86_400


@pytest.fixture(autouse=True)
def compound(sqlite_store: Store) -> Store:
    build(sqlite_store)
    return sqlite_store


def sheet(store: Store, *, now: int, since: int = NOW, until: int = NOW + DAY) -> DaySheet:
    with store.read() as conn:
        return day_sheet(conn, since=since, until=until, now=now)


def test_every_number(compound: Store, store_clock: SteppedClock) -> None:
    """Five slips of a day, each with another end; by evening none is open."""
    made = [issued(compound) for _ in range(4)] + [issued(compound, several_trips=True)]
    Load(token(made[0])).go(compound)
    Load(token(made[4]), (Taken(2, 1),)).go(compound)
    with compound.write(CLERK) as uow:
        slips.void(uow, made[1].id, "unused")
    with compound.write(GUARD) as uow:
        release.refuse(uow, KEYS, release_id=release_id(), post="north", reason="other goods", text=token(made[2]))
    noon = sheet(compound, now=NOW)
    assert (noon.issued, noon.released, noon.void, noon.open, noon.unused, noon.refusals) == (5, 1, 1, 3, 0, 1)
    night = sheet(compound, now=NOW + DAY)
    assert (night.issued, night.released, night.void, night.open, night.unused, night.part) == (5, 1, 1, 0, 2, 1)
    assert night.issued == night.released + night.void + night.open + night.unused + night.part
    assert night.missing == ()
    store_clock.step(DAY)
    issued(compound)
    assert [slip.slip_no for slip in sheet(compound, now=NOW + DAY).slips] == [1, 2, 3, 4, 5]


def test_gap(compound: Store) -> None:
    """A number that no slip bears is named."""
    made = [issued(compound) for _ in range(3)]
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.slips).where(tables.slips.c.id == made[1].id).values(slip_no=9))
    assert sheet(compound, now=NOW).missing == (2, 4, 5, 6, 7, 8)


def test_quiet_day(compound: Store) -> None:
    """A day without slips is an empty sheet."""
    assert sheet(compound, now=NOW) == DaySheet((), 0, 0, 0, 0, 0, 0, 0, ())
