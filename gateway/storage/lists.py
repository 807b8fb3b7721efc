"""Whitelists in the store: entries, versions, and the changes that followers catch up by.

``list_changes`` is the outbox: written in the transaction of the change itself, read by the
publisher and by the gateway's own memory.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.domain.decision import Direction, PortalMode, StalePolicy
from gateway.domain.errors import ConflictError, NotFoundError, StaleError
from gateway.domain.schedule import Calendar, Ranges, Schedule
from gateway.domain.site import Portal
from gateway.domain.whitelist import Changes, Entry, Terms, Whitelist, decode_entries
from gateway.ports import ListBatch
from gateway.storage import tables

if TYPE_CHECKING:
    from gateway.storage.store import UnitOfWork

_areas, _entries, _changes = tables.areas, tables.list_entries, tables.list_changes
_CHUNK: Final = 500  # bound parameters a statement may carry everywhere
KEPT_VERSIONS: Final = 10_000


# --- Reading ---------------------------------------------------------------------------------------


def load(conn: Connection) -> dict[str, Whitelist]:
    """Every list, whole, at its version."""
    found = {}
    heads = conn.execute(select(_areas.c.id, _areas.c.epoch, _areas.c.version)).all()
    for name, epoch, version in heads:
        found[name] = Whitelist(_load_entries(conn, name), epoch=epoch, version=version)
    return found


def _load_entries(conn: Connection, name: str) -> Iterator[Entry]:
    c = _entries.c
    statement = select(c.key, c.valid_from, c.valid_until, c.schedule, c.flags).where(c.list == name)
    for key, *terms in conn.execute(statement):
        yield Entry(key, Terms(*terms))


def batches_since(conn: Connection, versions: Mapping[str, int]) -> list[ListBatch]:
    """What changed in each list after the version a follower holds; lists without news are left out.

    Raises StaleError when the changes are no longer there (pruned, or a new epoch began): load again.
    """
    heads = conn.execute(select(_areas.c.id, _areas.c.epoch, _areas.c.version).order_by(_areas.c.id)).all()
    return [
        _batch(conn, name, epoch, versions.get(name, 0), version)
        for name, epoch, version in heads
        if version != versions.get(name, 0)
    ]


def _batch(conn: Connection, name: str, epoch: int, since: int, version: int) -> ListBatch:
    c = _changes.c
    rows = conn.execute(
        select(c.version, c.key, c.entry).where(c.list == name, c.version > since).order_by(c.version)
    ).all()
    if len({row.version for row in rows}) != version - since:
        raise StaleError("The changes of list %(list)s after version %(since)s are gone.", list=name, since=since)
    changes = Changes()
    for _version, key, entry in rows:
        if entry is None:
            changes.drop(key)
        else:
            changes.put(*decode_entries(entry)[0])
    return ListBatch(name, epoch, since, version, changes)


def calendar(conn: Connection) -> Calendar:
    """The site's schedules, holidays and time zone; the default time zone while there is no site."""
    site = conn.execute(select(tables.site.c.timezone, tables.site.c.calendar_version)).first()
    days = frozenset(dt.date.fromisoformat(day) for day in conn.scalars(select(tables.holidays.c.day)))
    schedules = {row.number: _schedule(row) for row in conn.execute(select(tables.schedules))}
    if site is None:
        return Calendar(holidays=days, schedules=schedules)
    return Calendar(site.timezone, days, schedules, site.calendar_version)


def _schedule(row: Row[Any]) -> Schedule:
    weekdays = tuple(_ranges(day) for day in row.weekdays)
    return Schedule(weekdays, _ranges(row.holidays))  # type: ignore[arg-type]  # the schedule checks that there are seven


def _ranges(stored: Sequence[Sequence[int]]) -> Ranges:
    return tuple((start, stop) for start, stop in stored)


def portals(conn: Connection) -> list[Portal]:
    """Every portal, wired and behind controllers, by id."""
    return [_portal(row) for row in conn.execute(select(tables.portals).order_by(tables.portals.c.id))]


def _portal(row: Row[Any]) -> Portal:
    known = row._asdict()
    known["direction"] = Direction(known["direction"])
    known["mode"] = PortalMode(known["mode"])
    known["stale"] = StalePolicy(known["stale"])
    known["lists"] = tuple(known["lists"])
    return Portal(**known)


# --- Writing ---------------------------------------------------------------------------------------


def write_changes(conn: Connection, name: str, changes: Changes, credentials: Mapping[bytes, str]) -> tuple[int, bool]:
    """See UnitOfWork.change_list: returns the list's version and whether it rose."""
    rise = 1 if len(changes) else 0
    # First of all, for it locks the list's row: two writers of one list stand in line here (PostgreSQL).
    version = conn.scalar(
        update(_areas).where(_areas.c.id == name).values(version=_areas.c.version + rise).returning(_areas.c.version)
    )
    if version is None:
        raise NotFoundError("There is no list %(list)s.", list=name)
    if not rise:
        return version, False
    replaced = _keys_already_listed(conn, name, changes, credentials)
    for keys in _chunks((*changes.drops, *replaced)):
        conn.execute(delete(_entries).where(_entries.c.list == name, _entries.c.key.in_(keys)))
    if changes.puts:
        conn.execute(insert(_entries), [_entry_row(name, k, t, credentials[k]) for k, t in changes.puts.items()])
    conn.execute(insert(_changes), _change_rows(name, version, changes))
    return version, True


def _chunks(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting = iter(keys)
    while chunk := list(islice(waiting, _CHUNK)):
        yield chunk


def _keys_already_listed(
    conn: Connection, name: str, changes: Changes, credentials: Mapping[bytes, str]
) -> list[bytes]:
    """The keys put that the list already holds for the same credential; ConflictError when it is another's."""
    c = _entries.c
    listed = []
    for keys in _chunks(changes.puts):
        for key, holder in conn.execute(select(c.key, c.credential).where(c.list == name, c.key.in_(keys))):
            if holder != credentials[key]:
                raise ConflictError(
                    "Readers cannot tell this credential from card %(number)s, which already opens %(list)s "
                    "(R-CARD-12).",
                    number=_number_of(conn, holder),
                    list=name,
                    rule="R-CARD-12",
                )
            listed.append(key)
    return listed


def _number_of(conn: Connection, credential: str) -> str:
    """The number printed on the card behind "card:417"; the credential's own name when it is no card."""
    kind, _, number = credential.partition(":")
    if kind != "card" or not number.isdigit():
        return credential
    cards = tables.cards.c
    return conn.scalar(select(cards.number).where(cards.id == int(number))) or credential


def _entry_row(name: str, key: bytes, terms: Terms, credential: str) -> dict[str, object]:
    return {"list": name, "key": key, "credential": credential, **terms._asdict()}


def _change_rows(name: str, version: int, changes: Changes) -> list[dict[str, object]]:
    dropped: list[tuple[bytes, bytes | None]] = [(key, None) for key in sorted(changes.drops)]
    put = [(key, Entry(key, terms).encode()) for key, terms in changes.puts.items()]
    return [{"list": name, "version": version, "key": key, "entry": entry} for key, entry in (*dropped, *put)]


def raise_config_version(conn: Connection) -> None:
    """Controllers need a new configuration."""
    conn.execute(update(tables.site).values(config_version=tables.site.c.config_version + 1))


def raise_epochs(conn: Connection, above: int) -> tuple[int, set[str]]:
    """A new epoch for every list; returns it and the lists. Followers must load again: the version has no changes."""
    epoch = max(above, conn.scalar(select(func.max(_areas.c.epoch))) or 0) + 1
    conn.execute(update(_areas).values(epoch=epoch, version=_areas.c.version + 1))
    return epoch, set(conn.scalars(select(_areas.c.id)))


def prune(uow: "UnitOfWork", kept: int = KEPT_VERSIONS) -> int:
    """Forgets changes more than ``kept`` versions old, which no follower in this process needs; returns how many."""
    rows = 0
    for name, version in uow.conn.execute(select(_areas.c.id, _areas.c.version)).all():
        rows += uow.conn.execute(
            delete(_changes).where(_changes.c.list == name, _changes.c.version <= version - kept)
        ).rowcount
    return rows
