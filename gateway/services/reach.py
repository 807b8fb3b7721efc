"""How far a change of a card has come: gate by gate, from what the controllers report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from gateway.domain.site import Portal
from gateway.ports import ControllerStatus
from gateway.services import card_views, projection
from gateway.services.card_views import CardView
from gateway.services.keys import Keys
from gateway.storage import lists
from gateway.storage.tables import areas, list_changes, list_entries


class ReachState(StrEnum):
    """What a gate does with the card, as far as we know."""

    OPENS = "opens"
    REFUSES = "refuses"
    PENDING_OPEN = "pending_open"
    PENDING_REFUSE = "pending_refuse"
    OFFLINE_SINCE = "offline_since"


@dataclass(frozen=True, slots=True)
class PortalReach:
    """One gate. ``confirmed_at``: when it had the last change in force; ``since``: offline since. Unix seconds."""

    portal: str
    name: str
    controller: str | None
    listed: bool
    confirmed_at: int | None
    state: ReachState
    since: int | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a card stands on one list: on it or not, and since which version."""

    epoch: int
    listed: bool
    version: int


def reach(conn: Connection, keys: Keys, card_id: int, reports: Mapping[str, ControllerStatus]) -> list[PortalReach]:
    """Every gate that the card opens, opened, or would open for its holder if it were active."""
    card = card_views.get(conn, card_id)
    standing = _standing(conn, keys, card)
    concerned = [portal for portal in lists.portals(conn) if standing.keys() & set(portal.lists)]
    return [_at(portal, card, standing, reports) for portal in concerned]


def count(reached: Sequence[PortalReach]) -> tuple[int, int]:
    """At how many of these gates the change is in force: "opens at 7 of 9"."""
    return sum(gate.confirmed_at is not None for gate in reached), len(reached)


def _standing(conn: Connection, keys: Keys, card: CardView) -> dict[str, _Standing]:
    listed = set(
        conn.execute(select(list_entries.c.list).where(list_entries.c.credential == card.credential)).scalars()
    )
    rights = () if card.holder_id is None else projection.entitlements_of_person(conn, card.holder_id)
    would = {right.area for right in rights}
    standing = {}
    for area in conn.execute(select(areas.c.id, areas.c.epoch, areas.c.forms)):
        identities = projection.identities_of(projection.forms_of(area.forms), card.uid, card.secure_number)
        version = _last_change(conn, area.id, [keys.list(identity) for identity in identities])
        if area.id in listed or area.id in would or version:
            standing[area.id] = _Standing(area.epoch, area.id in listed, version)
    return standing


def _last_change(conn: Connection, name: str, keys: list[bytes]) -> int:
    """The version in which the card last changed on a list; 0 when that is long ago or never was."""
    c = list_changes.c
    return conn.execute(select(func.max(c.version)).where(c.list == name, c.key.in_(keys))).scalar() or 0


def _at(
    portal: Portal, card: CardView, standing: Mapping[str, _Standing], reports: Mapping[str, ControllerStatus]
) -> PortalReach:
    here = {name: standing[name] for name in portal.lists if name in standing}
    listed = any(s.listed for s in here.values())
    if portal.controller is None:
        state = ReachState.OPENS if listed else ReachState.REFUSES
        return PortalReach(portal.id, portal.name, None, listed, card.state_since, state)
    report = reports.get(portal.controller)
    confirmed_at = None if report is None else _confirmed_at(report, here)
    if confirmed_at is not None:
        state = ReachState.OPENS if listed else ReachState.REFUSES
    elif report is None or not report.online:
        state = ReachState.OFFLINE_SINCE
    else:
        state = ReachState.PENDING_OPEN if listed else ReachState.PENDING_REFUSE
    since = report.seen_at if state is ReachState.OFFLINE_SINCE and report is not None else None
    return PortalReach(portal.id, portal.name, portal.controller, listed, confirmed_at, state, since)


def _confirmed_at(report: ControllerStatus, here: Mapping[str, _Standing]) -> int | None:
    """When the controller had the card's last change of all these lists in force; None while one is missing."""
    applied = []
    for name, standing in here.items():
        held = report.lists.get(name)
        if held is None or (held.epoch, held.version) < (standing.epoch, standing.version):
            return None
        applied.append(held.applied_at)
    return max(applied, default=None)
