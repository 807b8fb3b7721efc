"""The desk sees gate by gate whether a change has arrived, and believes only what gates report."""

import pytest

from gateway.domain.decision import Direction
from gateway.ports import ControllerStatus, HeldList
from gateway.services import cards, reach, site
from gateway.services.cards import CardView
from gateway.services.gates import NewPortal
from gateway.services.reach import PortalReach, ReachState
from tests.gateway.services.small_compound import Compound


@pytest.fixture
def doors(compound: Compound) -> Compound:
    """A controller with a door of building 3, one of building 1, and a side gate."""
    portals = [NewPortal(f"door-{area}", area, Direction.IN, (area,)) for area in ("b1", "b3")]
    both = NewPortal("side", "side", Direction.IN, ("b3", "compound"))
    with compound.desk() as uow:
        site.add_controller(uow, id="gate-3", name="Gate 3", portals=[*portals, both])
    return compound


def status(compound: Compound, *, online: bool = True, behind: int = 0, only: str | None = None) -> ControllerStatus:
    """A report that holds every list at its version, less ``behind`` (on one list, or on all)."""
    held = {
        name: HeldList(
            whitelist.epoch,
            whitelist.version - (behind if only in {None, name} else 0),
            bytes(32),
            len(whitelist),
            int(compound.clock.now) - 1,
        )
        for name, whitelist in compound.lists().items()
    }
    now = int(compound.clock.now)
    return ControllerStatus("gate-3", online, "boot", now, now - 60, "sim", held, 1, 1, 1000, 1)


def look(compound: Compound, card: CardView, report: ControllerStatus | None) -> dict[str, PortalReach]:
    with compound.store.read() as conn:
        found = reach.reach(conn, compound.keys, card.id, {} if report is None else {"gate-3": report})
    return {gate.portal: gate for gate in found}


def states(found: dict[str, PortalReach]) -> dict[str, ReachState]:
    return {portal: gate.state for portal, gate in found.items()}


def test_a_new_card_opens_where_the_gates_have_it(doors: Compound) -> None:
    card = doors.issue()
    found = look(doors, card, status(doors))
    assert states(found) == {"door-b3": ReachState.OPENS, "main-in": ReachState.OPENS, "side": ReachState.OPENS}
    assert reach.count(list(found.values())) == (3, 3)
    assert found["door-b3"].confirmed_at == int(doors.clock.now) - 1


def test_a_gate_that_is_behind_is_pending(doors: Compound) -> None:
    card = doors.issue()
    found = look(doors, card, status(doors, behind=1, only="b3"))
    assert states(found) == {
        "door-b3": ReachState.PENDING_OPEN,
        "main-in": ReachState.OPENS,
        "side": ReachState.PENDING_OPEN,
    }
    assert reach.count(list(found.values())) == (1, 3)


def test_a_lost_card_is_refused_only_where_the_removal_arrived(doors: Compound) -> None:
    """R-CARD-14: the gate wired here at once, the offline one not before it reports."""
    card = doors.issue()
    before = status(doors)
    with doors.desk() as uow:
        cards.freeze(uow, doors.keys, card.id, reason="incident")
    assert states(look(doors, card, before))["door-b3"] is ReachState.PENDING_REFUSE
    offline = status(doors, online=False, behind=1)
    gone = look(doors, card, offline)
    assert states(gone) == {
        "door-b3": ReachState.OFFLINE_SINCE,
        "main-in": ReachState.REFUSES,
        "side": ReachState.OFFLINE_SINCE,
    }
    assert gone["side"].since == offline.seen_at
    done = look(doors, card, status(doors))
    assert set(states(done).values()) == {ReachState.REFUSES}
    assert reach.count(list(done.values())) == (3, 3)


def test_a_gate_that_went_dark_after_it_confirmed_still_refuses(doors: Compound) -> None:
    card = doors.issue()
    with doors.desk() as uow:
        cards.freeze(uow, doors.keys, card.id, reason="incident")
    assert states(look(doors, card, status(doors, online=False)))["side"] is ReachState.REFUSES


def test_a_controller_that_never_reported_is_offline(doors: Compound) -> None:
    card = doors.issue()
    assert look(doors, card, None)["side"].state is ReachState.OFFLINE_SINCE


def test_others_changes_do_not_make_it_pending(doors: Compound) -> None:
    """A controller that misses only another card's change has this one in force."""
    card = doors.issue()
    report = status(doors)
    doors.issue(bytes.fromhex("04A1B2C3D4E580"))
    assert set(states(look(doors, card, report)).values()) == {ReachState.OPENS}


def test_a_card_in_stock_concerns_no_gate(doors: Compound) -> None:
    with doors.desk() as uow:
        (blank,) = cards.stock_in(uow, [cards.Blank("0901", bytes.fromhex("04A1B2C3D4E580"))])
    assert look(doors, blank, status(doors)) == {}
