"""From households to whitelists: which entries each card has on each list.

A card carries what its holder's bases give, within its own validity, while it is active. Whatever
changes a basis, a card or a rule calls this in the same transaction; nothing else writes lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from gateway.domain.card import CardState
from gateway.domain.entitlement import (
    AccessRule,
    Basis,
    BasisKind,
    Entitlement,
    ScheduleBook,
    cap,
    entitlements_of,
    merge,
)
from gateway.domain.errors import ConflictError
from gateway.domain.identity import Identity, IdentityForm, IdentityKind, KeyMaker, identity_of_uid
from gateway.domain.person import NEEDS_OWNER_CONSENT, Relation
from gateway.domain.schedule import Schedule
from gateway.domain.whitelist import Changes, Terms
from gateway.services.chunks import chunked
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import access_rules, areas, cards, list_entries, occupants, people, schedules, site, units

Entries = dict[str, dict[bytes, Terms]]
"""List to key to terms."""

AnyRow = Row[*tuple[Any, ...]]


@dataclass(slots=True)
class _Site:
    """What every projection needs of the site; schedules are read only when two must be united."""

    rules: Mapping[BasisKind, AccessRule]
    forms: Mapping[str, tuple[IdentityForm, ...]]
    book: ScheduleBook


@dataclass(slots=True)
class _ListPlan:
    """What one list must lose and gain."""

    drops: set[bytes] = field(default_factory=set)
    puts: dict[bytes, Terms] = field(default_factory=dict)
    credentials: dict[bytes, str] = field(default_factory=dict)
    numbers: dict[bytes, str] = field(default_factory=dict)


def credential_of(card_id: int) -> str:
    """How entries and the journal name a card."""
    return f"card:{card_id}"


# --- What callers ask for -------------------------------------------------------------------------


def project_card(uow: UnitOfWork, keys: Keys, card_id: int) -> set[str]:
    """Brings one card's entries up to date; returns the lists that changed."""
    return project_cards(uow, keys, [card_id])


def project_person(uow: UnitOfWork, keys: Keys, person_id: int) -> set[str]:
    """Brings all cards of a holder up to date; returns the lists that changed."""
    lock_people(uow.conn, [person_id])
    ids = uow.conn.execute(select(cards.c.id).where(cards.c.holder_id == person_id)).scalars().all()
    return project_cards(uow, keys, ids)


def project_cards(uow: UnitOfWork, keys: Keys, card_ids: Sequence[int]) -> set[str]:
    """Brings these cards' entries up to date, one version a list. Lists change in order of their names."""
    if not card_ids:
        return set()
    _lock_holders(uow.conn, card_ids)
    return _project(uow, keys, card_ids)


def project_everybody(uow: UnitOfWork, keys: Keys) -> set[str]:
    """Brings every card up to date: a rule or an area changed, or a ledger came in."""
    lock_everybody(uow.conn)
    return _project(uow, keys, None)


def lock_people(conn: Connection, person_ids: Iterable[int]) -> None:
    """Two desks that change the cards or homes of one person take turns, from here to the end (PostgreSQL).

    Who changes a basis locks its person before looking for cards, who issues a card before looking at
    bases; otherwise each could miss what the other does. SQLite's writers take turns anyway.
    """
    if conn.dialect.name != "postgresql":
        return
    for chunk in chunked(sorted(person_ids)):
        conn.execute(select(people.c.id).where(people.c.id.in_(chunk)).order_by(people.c.id).with_for_update())


def lock_everybody(conn: Connection) -> None:
    """The same for all people at once: first of all where everybody is projected anew."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(people.c.id).order_by(people.c.id).with_for_update())


def entitlements_of_person(conn: Connection, person_id: int) -> list[Entitlement]:
    """Every right that someone's bases give, whether a card carries it or not."""
    rules = load_rules(conn)
    return [e for basis in bases_of(conn, [person_id]).get(person_id, ()) for e in entitlements_of(basis, rules)]


def _lock_holders(conn: Connection, card_ids: Sequence[int]) -> None:
    if conn.dialect.name != "postgresql":
        return
    holders: set[int] = set()
    for chunk in chunked(card_ids):
        held = select(cards.c.holder_id).where(cards.c.id.in_(chunk), cards.c.holder_id.is_not(None))
        holders.update(conn.execute(held).scalars())
    lock_people(conn, holders)


# --- From what is to what should be ---------------------------------------------------------------


def _project(uow: UnitOfWork, keys: Keys, card_ids: Sequence[int] | None) -> set[str]:
    conn = uow.conn
    found = _load_cards(conn, card_ids)
    there = _load_entries(conn, card_ids)
    holders = {row.holder_id for row in found if row.state == CardState.ACTIVE and row.holder_id is not None}
    bases = bases_of(conn, None if card_ids is None else sorted(holders)) if holders else {}
    here = _Site(load_rules(conn), _load_forms(conn), ScheduleBook(load_schedules(conn)))
    plans: dict[str, _ListPlan] = defaultdict(_ListPlan)
    for row in found:
        wanted = wanted_entries(row, bases.get(row.holder_id, ()), here, keys.list, uow.now)
        _plan(plans, row, there.get(credential_of(row.id), {}), wanted)
    for number, added in here.book.added.items():
        store_schedule(uow, number, "", added)
    for name in sorted(plans):
        _carry_out(uow, name, plans[name])
    return set(plans)


def wanted_entries(card: AnyRow, bases: Iterable[Basis], here: _Site, key_of: KeyMaker, now: int) -> Entries:
    """The entries a card should have: nothing unless it is active."""
    if card.state != CardState.ACTIVE:
        return {}
    rights: dict[str, list[Terms]] = defaultdict(list)
    for basis in bases:
        for right in entitlements_of(basis, here.rules):
            capped = cap(right.terms, card.valid_from, card.valid_until)
            if capped is not None:
                rights[right.area].append(capped)
    entries: Entries = {}
    for area, terms in rights.items():
        merged = merge(terms, here.book, now)
        if merged is not None:
            identities = identities_of(here.forms.get(area, ()), card.uid, card.secure_number)
            entries[area] = {key_of(identity): merged for identity in identities}
    return entries


def identities_of(forms: Iterable[IdentityForm], uid: bytes | None, secure_number: bytes | None) -> list[Identity]:
    """What readers of these forms know a card by.

    Where they read the number in our application, a card that has one is known by nothing else: a copy of its UID
    opens nothing there, while cards without a number go on being known by their UID.
    """
    shown = frozenset(forms)
    if IdentityForm.SECURE in shown and secure_number is not None:
        return [Identity(IdentityKind.SECURE, bytes(secure_number))]
    if uid is None:
        return []
    faces = (identity_of_uid(form, bytes(uid)) for form in sorted(shown))
    return [face for face in faces if face is not None]


def _plan(plans: dict[str, _ListPlan], card: AnyRow, there: Entries, wanted: Entries) -> None:
    for name in there.keys() | wanted.keys():
        old, new = there.get(name, {}), wanted.get(name, {})
        if old == new:
            continue
        plan = plans[name]
        plan.drops |= old.keys() - new.keys()
        for key, terms in new.items():
            if old.get(key) != terms:
                _put(plan, name, card, key, terms)


def _put(plan: _ListPlan, name: str, card: AnyRow, key: bytes, terms: Terms) -> None:
    first = plan.numbers.setdefault(key, card.number)
    if first != card.number:
        raise ConflictError(
            "The readers of %(list)s cannot tell card %(number)s from card %(first)s (R-CARD-12). "
            "Give one of the two holders another card.",
            list=name,
            number=card.number,
            first=first,
            rule="R-CARD-12",
        )
    plan.puts[key] = terms
    plan.credentials[key] = credential_of(card.id)


def _carry_out(uow: UnitOfWork, name: str, plan: _ListPlan) -> None:
    """Drops and puts in one version, but drops first where a number passes from one card to another."""
    passed_on = plan.drops & plan.puts.keys()
    if passed_on:
        uow.change_list(name, Changes({}, plan.drops), {})
    uow.change_list(name, Changes(plan.puts, set() if passed_on else plan.drops), plan.credentials)


# --- Reading the store ----------------------------------------------------------------------------


def _load_cards(conn: Connection, card_ids: Sequence[int] | None) -> list[AnyRow]:
    query = select(
        cards.c.id, cards.c.number, cards.c.uid, cards.c.secure_number, cards.c.state, cards.c.holder_id,
        cards.c.valid_from, cards.c.valid_until,
    )  # fmt: skip
    if card_ids is None:
        return list(conn.execute(query))
    return [row for chunk in chunked(card_ids) for row in conn.execute(query.where(cards.c.id.in_(chunk)))]


def _load_entries(conn: Connection, card_ids: Sequence[int] | None) -> dict[str, Entries]:
    e = list_entries.c
    query = select(e.credential, e.list, e.key, e.valid_from, e.valid_until, e.schedule, e.flags)
    found: dict[str, Entries] = {}
    for statement in _by_credential(query, card_ids):
        for credential, name, key, *terms in conn.execute(statement):
            found.setdefault(credential, {}).setdefault(name, {})[bytes(key)] = Terms(*terms)
    return found


def _by_credential(query: Select[Any], card_ids: Sequence[int] | None) -> Iterator[Select[Any]]:
    if card_ids is None:
        yield query
        return
    for chunk in chunked(card_ids):
        yield query.where(list_entries.c.credential.in_([credential_of(card_id) for card_id in chunk]))


def bases_of(conn: Connection, person_ids: Sequence[int] | None) -> dict[int, list[Basis]]:
    """The bases of these people (of all, without ids): what was ended, or waits for an owner, gives nothing."""
    o = occupants.c
    query = (
        select(o.id, o.person_id, o.relation, o.basis, o.valid_from, o.valid_until, o.consent, units.c.areas)
        .join(units, units.c.id == o.unit_id)
        .where(o.ended_at.is_(None))
        .order_by(o.id)
    )
    found: dict[int, list[Basis]] = defaultdict(list)
    chunks = [None] if person_ids is None else chunked(person_ids)
    for chunk in chunks:
        for row in conn.execute(query if chunk is None else query.where(o.person_id.in_(chunk))):
            if Relation(row.relation) not in NEEDS_OWNER_CONSENT or row.consent is not None:
                found[row.person_id].append(_basis(row))
    return found


def _basis(row: AnyRow) -> Basis:
    kind = BasisKind(row.basis)
    return Basis(kind, row.id, row.person_id, tuple(row.areas), row.valid_from, row.valid_until)


def load_rules(conn: Connection) -> dict[BasisKind, AccessRule]:
    """What each kind of basis gives."""
    return {
        BasisKind(row.basis): AccessRule(tuple(row.common_areas), row.unit_areas, row.schedule, row.flags)
        for row in conn.execute(select(access_rules))
    }


def _load_forms(conn: Connection) -> dict[str, tuple[IdentityForm, ...]]:
    rows = conn.execute(select(areas.c.id, areas.c.forms))
    return {row.id: forms_of(row.forms) for row in rows}


def forms_of(stored: Iterable[str]) -> tuple[IdentityForm, ...]:
    """What an area's readers show, as stored."""
    return tuple(IdentityForm(form) for form in stored)


def count_entries(conn: Connection) -> dict[str, int]:
    """How many entries each list has."""
    query = select(list_entries.c.list, func.count()).group_by(list_entries.c.list)
    return {row[0]: row[1] for row in conn.execute(query)}


# --- Schedules ------------------------------------------------------------------------------------


def load_schedules(conn: Connection) -> dict[int, Schedule]:
    """All schedules by number."""
    return {row.number: schedule_of(row) for row in conn.execute(select(schedules))}


def schedule_of(row: AnyRow) -> Schedule:
    """A stored schedule."""
    weekdays = tuple(tuple((start, stop) for start, stop in day) for day in row.weekdays)
    return Schedule(weekdays, tuple((start, stop) for start, stop in row.holidays))  # type: ignore[arg-type]  # checked when stored


def store_schedule(uow: UnitOfWork, number: int, name: str, schedule: Schedule) -> None:
    """Stores a schedule; one without a name was made as the union of two others."""
    row = {"number": number, "weekdays": schedule.weekdays, "holidays": schedule.holidays}
    uow.conn.execute(insert(schedules).values(name=name or f"union {number}", **row))
    uow.record("site.schedule_added", f"schedule:{number}", {"name": name, **row})
    raise_calendar(uow)


def raise_calendar(uow: UnitOfWork) -> None:
    """Schedules or holidays changed: controllers need the new calendar."""
    uow.conn.execute(update(site).values(calendar_version=site.c.calendar_version + 1))
    uow.touch_site()
