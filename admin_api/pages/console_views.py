"""What the console shows of gates, controllers, devices, alarms and events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, select

from admin_api import gates as acts
from admin_api import roles
from admin_api.pages.event_words import ALARMS, record_state, slip_opened_for
from admin_api.pages.gate_modes import ModeAct, offered
from admin_api.pages.i18n import N_, Speaker
from admin_api.pages.web import Visit
from admin_api.pages.words import BARRIER_STATES, DENIALS, DEVICE_STATES, PORTAL_MODES, VERDICTS, State
from gateway.domain.errors import ForbiddenError
from gateway.domain.site import Portal
from gateway.ports import BarrierReading, BarrierState, DeviceStatus
from gateway.services import accounts, events, gates, site
from gateway.services.gates import ControllerView
from gateway.services.records import RecordView
from gateway.storage import tables

ENROLLED: Final = State(N_("enrolled, silent"), "amber", "wait")
NOT_ENROLLED: Final = State(N_("not enrolled"), "", "wait")
ONLINE: Final = State(N_("online"), "green", "tick")
_REASONS: Final[Mapping[str, str]] = {**DENIALS, **{code: word.word for code, word in VERDICTS.items()}}
DECIDES_ALONE: Final = State(N_("decides alone"), "", "gate")
"""A gate behind a controller: nobody reads its barrier, and the lists it holds decide."""
OFFLINE: Final = State(N_("offline"), "red", "dark")
LOOKED_THROUGH: Final = 2400


class SectionName(StrEnum):
    """The parts of the console that are fetched anew when something happens."""

    ALARMS = "alarms"
    REMOVALS = "removals"
    GATES = "gates"
    CONTROLLERS = "controllers"
    DEVICES = "devices"


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate and its state as it was read back. ``line`` and ``heard_at`` are of its controller, if it has one."""

    id: str
    name: str
    direction: str
    controller: str | None
    state: State
    line: State | None
    heard_at: int | None
    mode: State
    may_open: bool
    modes: tuple[ModeAct, ...]
    last: State | None
    last_at: float


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One list of a controller, and how many versions it is behind ours."""

    name: str
    version: int | None
    behind: int


@dataclass(frozen=True, slots=True)
class ControllerRow:
    """A controller and the lists it holds."""

    id: str
    name: str
    state: State
    seen_at: int | None
    lists: tuple[HeldRow, ...]


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device, and why it is dark."""

    device: str
    state: State
    why: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the stream; ``why`` is where its refusal is explained."""

    kind: str
    at: float
    state: State
    text: str
    detail: str
    why: str | None

    def said(self, say: Speaker) -> str:
        """All that is to be read of it, for the filter."""
        return f"{self.kind} {say(self.state.word)} {self.text} {self.detail}".lower()


def gates_now(visit: Visit, conn: Connection) -> list[GateRow]:
    """The gates with their barrier, their mode and the last thing that happened there. A guard sees the own post's."""
    readings, own = visit.house.portals.readings(), own_targets(visit, conn)
    shown = [portal for portal in gates.list_portals(conn) if own is None or f"portal:{portal.id}" in own]
    known = {controller.id: controller for controller in gates.list_controllers(conn)}
    return [_gate(visit, conn, portal, readings.get(portal.id), known.get(portal.controller or "")) for portal in shown]


def _gate(
    visit: Visit, conn: Connection, portal: Portal, reading: BarrierReading | None, controller: ControllerView | None
) -> GateRow:
    last = next(iter(events.latest(conn, 1, kinds=("access.", "portal."), target=f"portal:{portal.id}")), None)
    return GateRow(
        portal.id,
        portal.name,
        portal.direction,
        portal.controller,
        _barrier(reading, controller),
        _line(controller, controller.report or {}) if controller else None,
        controller.seen_at if controller else None,
        PORTAL_MODES[portal.mode],
        _may_open(visit, conn, portal.id),
        offered(portal, visit.may),
        record_state(visit.say, last) if last else None,
        last.at / 1000 if last else 0,
    )


def _barrier(reading: BarrierReading | None, controller: ControllerView | None) -> State:
    if reading is None and controller is not None:
        return DECIDES_ALONE
    return BARRIER_STATES[reading.state if reading else BarrierState.UNKNOWN]


def _may_open(visit: Visit, conn: Connection, portal: str) -> bool:
    if not visit.may(roles.OPEN):
        return False
    try:
        acts.check_own_gate(conn, visit.caller, portal)
    except ForbiddenError:
        return False
    return True


def controllers(visit: Visit, conn: Connection) -> list[ControllerRow]:
    """All controllers and how far each list of theirs is behind."""
    ours = {name: whitelist.version for name, whitelist in visit.house.keeper.lists().items()}
    wanted: dict[str, set[str]] = {}
    for portal in gates.list_portals(conn):
        if portal.controller is not None:
            wanted.setdefault(portal.controller, set()).update(portal.lists)
    return [_controller(c, ours, wanted.get(c.id, set())) for c in gates.list_controllers(conn)]


def _controller(view: ControllerView, ours: Mapping[str, int], wanted: set[str]) -> ControllerRow:
    report: Mapping[str, Any] = view.report or {}
    held: Mapping[str, Mapping[str, Any]] = report.get("lists", {})
    rows = tuple(_held(name, held.get(name), ours.get(name, 0)) for name in sorted(wanted | set(held)))
    return ControllerRow(view.id, view.name, _line(view, report), view.seen_at, rows if report else ())


def _held(name: str, held: Mapping[str, Any] | None, ours: int) -> HeldRow:
    version = None if held is None else int(held["version"])
    return HeldRow(name, version, max(0, ours - (version or 0)))


def _line(view: ControllerView, report: Mapping[str, Any]) -> State:
    if report:
        return ONLINE if report.get("online") else OFFLINE
    return NOT_ENROLLED if view.enrolled_at is None else ENROLLED


def device(say: Speaker, status: DeviceStatus) -> DeviceRow:
    """A device with the sentence that says why it is dark."""
    return DeviceRow(status.device, DEVICE_STATES[status.state], say.fill(status.why, status.params))


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the stream; ``older`` is the record before which the next page begins, None at the beginning."""

    rows: tuple[EventRow, ...]
    older: int | None


def event_page(visit: Visit, conn: Connection, limit: int, *, before: int | None = None, words: str = "") -> EventPage:
    """The newest first, before record ``before``, with all of the ``words``; a guard sees the own post's alone.

    It looks through at most :data:`LOOKED_THROUGH` records at once: what is rarer takes another page.
    """
    own, wanted = own_targets(visit, conn), words.lower().split()
    rows: list[EventRow] = []
    for _ in range(LOOKED_THROUGH // limit):
        records = events.latest(conn, limit, before=before)
        shown = _rows(visit, conn, [record for record in records if own is None or record.target in own])
        rows += [row for row in shown if all(word in row.said(visit.say) for word in wanted)]
        before = records[-1].seq if len(records) == limit else None
        if before is None or len(rows) >= limit // 2:
            break
    return EventPage(tuple(rows), before)


def _rows(visit: Visit, conn: Connection, records: Sequence[RecordView]) -> list[EventRow]:
    shown = {str(record.body.get("credential")) for record in records}
    sources = _alarm_sources(conn, {record.target for record in records})
    about = {place for places in sources.values() for place in places}
    names = names_of(conn, visit.say, {record.target for record in records} | shown | about)
    names |= {alarm: _joined(visit.say, places, names) for alarm, places in sources.items()}
    if own_targets(visit, conn) is None:
        names |= _with_holders(conn, names, shown)
    return [_event(visit.say, record, names) for record in records]


def _alarm_sources(conn: Connection, targets: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What the alarms were about: "alarm:3" was at "portal:main-in", or about "card:7" at the gate in its detail."""
    c = tables.alarms.c
    rows = conn.execute(select(c.id, c.source, c.detail).where(c.id.in_(_ids(targets).get("alarms", ()))))
    return {f"alarm:{row.id}": (row.source, *_gates_in(row.detail)) for row in rows}


def _gates_in(detail: Mapping[str, Any] | None) -> tuple[str, ...]:
    return (f"portal:{detail['portal']}",) if detail and "portal" in detail else ()


def _joined(say: Speaker, places: Sequence[str], names: Mapping[str, str]) -> str:
    return " · ".join(dict.fromkeys(source_name(say, place, names) for place in places))


def _with_holders(conn: Connection, names: Mapping[str, str], credentials: Collection[str]) -> dict[str, str]:
    """Who holds the cards that were presented: "Card 0417 · 李娜"."""
    people = tables.people
    query = select(tables.cards.c.id, people.c.name).join(people, people.c.id == tables.cards.c.holder_id)
    rows = conn.execute(query.where(tables.cards.c.id.in_(_ids(credentials).get("cards", ()))))
    return {f"card:{row.id}": f"{names[f'card:{row.id}']} · {row.name}" for row in rows}


def own_targets(visit: Visit, conn: Connection) -> frozenset[str] | None:
    """What a mere guard may see of the record; None for everything."""
    actor = visit.caller.actor
    if not visit.may(roles.WHY | roles.AUDIT):
        portals = {post.portal for post in site.list_posts(conn) if post.id == actor.post and post.portal}
        return frozenset({f"portal:{portal}" for portal in portals} | {f"post:{actor.post}"})
    return None


def _event(say: Speaker, record: RecordView, names: Mapping[str, str]) -> EventRow:
    refused = record.kind == "access.denied"
    return EventRow(
        record.kind,
        record.at / 1000,
        record_state(say, record),
        source_name(say, record.target, names),
        _detail(say, record, names),
        f"/console/why/{record.seq}" if refused else None,
    )


def _detail(say: Speaker, record: RecordView, names: Mapping[str, str]) -> str:
    body = record.body
    if slip_opened_for(record):
        return ""
    if record.kind in {"alarm.raised", "alarm.acknowledged"}:
        return alarm_title(say, str(body.get("kind")))
    reason = str(body.get("reason", ""))
    said = [
        names.get(str(body.get("credential"))),
        say(_REASONS[reason]) if reason in _REASONS else reason,
        body.get("plate"),
    ]
    return " · ".join(str(part) for part in said if part)


def names_of(conn: Connection, say: Speaker, targets: Collection[str]) -> dict[str, str]:
    """What people call the things that records are about: "card:3" is "Card 0417"."""
    names = {f"portal:{portal.id}": portal.name for portal in gates.list_portals(conn)}
    names |= {f"post:{post.id}": post.name for post in gates.list_posts(conn)}
    names |= {f"controller:{controller.id}": controller.name for controller in gates.list_controllers(conn)}
    names |= {f"user:{user.id}": user.name for user in accounts.list_users(conn)}
    names |= _works(conn, say, targets) | _batches(conn, say, targets)
    ids = _ids(targets)
    for table, column, sentence in _NAMED:
        query = select(table.c.id, column).where(table.c.id.in_(ids.get(table.name, ())), column.is_not(None))
        kind = table.name.removesuffix("s")
        names |= {f"{kind}:{row[0]}": say(sentence, number=row[1]) for row in conn.execute(query)}
    return names


def _works(conn: Connection, say: Speaker, targets: Collection[str]) -> dict[str, str]:
    """Work at the encoders by the card it is done to; a row of a batch may have none yet."""
    wanted = {target.partition(":")[2] for target in targets if target.startswith("encode_job:")}
    j, c = tables.encode_jobs.c, tables.cards.c
    query = select(j.id, c.number).outerjoin(tables.cards, c.id == j.card_id).where(j.id.in_(wanted))
    return {f"encode_job:{row.id}": _work(say, row.number) for row in conn.execute(query)} if wanted else {}


def _batches(conn: Connection, say: Speaker, targets: Collection[str]) -> dict[str, str]:
    """Lists for a day by their names."""
    wanted = {target.partition(":")[2] for target in targets if target.startswith("encode_batch:")}
    b = tables.encode_batches.c
    rows = conn.execute(select(b.id, b.name).where(b.id.in_(wanted))) if wanted else ()
    return {f"encode_batch:{row.id}": say(N_("List “%(name)s”"), name=row.name) for row in rows}


def _work(say: Speaker, number: str | None) -> str:
    return say(N_("Work on a card")) if number is None else say(N_("Work on card %(number)s"), number=number)


_NAMED: Final[tuple[tuple[Table, ColumnElement[Any], str], ...]] = (
    (tables.cards, tables.cards.c.number, N_("Card %(number)s")),
    (tables.slips, tables.slips.c.slip_no, N_("Slip %(number)s")),
    (tables.units, tables.units.c.code, "%(number)s"),
)


def _ids(targets: Collection[str]) -> dict[str, list[int]]:
    """The numbers in "card:3" and the like, by the name of their table."""
    ids: dict[str, list[int]] = {}
    for target in targets:
        kind, _, number = target.partition(":")
        if number.isdecimal():
            ids.setdefault(f"{kind}s", []).append(int(number))
    return ids


def alarm_title(say: Speaker, kind: str) -> str:
    """An alarm as a sentence; kinds without one go by their name."""
    return say(ALARMS[kind]) if kind in ALARMS else kind.replace("_", " ")


def source_name(say: Speaker, target: str, names: Mapping[str, str]) -> str:
    """As people read it: its name, the slip's number, or "card:417" without its colon."""
    kind, _, number = target.partition(":")
    if kind == "slip-no":
        return say(N_("Slip %(number)s"), number=number)
    if kind == "card_keys":
        return say(N_("Card keys, version %(number)s"), number=number)
    if target in _PARTS:
        return say(_PARTS[target])
    return names.get(target, target.replace(":", " "))


_PARTS: Final[Mapping[str, str]] = {
    "clock": N_("The gateway's clock"),
    "journal": N_("The record"),
    "lists": N_("The lists"),
    "sync": N_("The message broker"),
}
