"""Alarms: something a person must look at. A repeat counts up; a look ends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import alarms


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm. Times are unix seconds; ``count`` says how often it came since ``raised_at``."""

    id: int
    kind: str
    source: str
    detail: dict[str, Any]
    raised_at: int
    count: int
    last_at: int
    acknowledged_at: int | None
    acknowledged_by: str | None


def raise_alarm(uow: UnitOfWork, kind: str, source: str, detail: Mapping[str, object] | None = None) -> AlarmView:
    """Raises ``kind`` at ``source`` (such as ``card:417``), or counts it when one is open already."""
    standing = uow.conn.execute(
        select(alarms)
        .where(alarms.c.kind == kind, alarms.c.source == source, alarms.c.acknowledged_at.is_(None))
        .with_for_update()
    ).first()
    if standing is None:
        return _raise_new(uow, kind, source, dict(detail or {}))
    values = {"count": alarms.c.count + 1, "last_at": uow.now, "detail": dict(detail or standing.detail)}
    uow.conn.execute(update(alarms).where(alarms.c.id == standing.id).values(values))
    return get(uow.conn, standing.id)


def _raise_new(uow: UnitOfWork, kind: str, source: str, detail: dict[str, object]) -> AlarmView:
    values = {"kind": kind, "source": source, "detail": detail, "raised_at": uow.now, "last_at": uow.now}
    alarm = get(uow.conn, uow.conn.execute(insert(alarms).values(values).returning(alarms.c.id)).scalar_one())
    uow.record("alarm.raised", f"alarm:{alarm.id}", {"kind": kind, "source": source, "detail": detail})
    return alarm


def acknowledge(uow: UnitOfWork, alarm_id: int) -> AlarmView:
    """Someone looked. A second one is told who did."""
    done = uow.conn.execute(
        update(alarms)
        .where(alarms.c.id == alarm_id, alarms.c.acknowledged_at.is_(None))
        .values(acknowledged_at=uow.now, acknowledged_by=uow.actor.name)
    )
    alarm = get(uow.conn, alarm_id)
    if done.rowcount == 0:
        raise ConflictError("%(who)s has already acknowledged this alarm.", who=alarm.acknowledged_by)
    uow.record("alarm.acknowledged", f"alarm:{alarm_id}", {"kind": alarm.kind, "count": alarm.count})
    return alarm


def get(conn: Connection, alarm_id: int) -> AlarmView:
    """One alarm; raises NotFoundError."""
    row = conn.execute(select(alarms).where(alarms.c.id == alarm_id)).first()
    if row is None:
        raise NotFoundError("There is no alarm %(id)s.", id=alarm_id)
    return _view(row)


def open_alarms(conn: Connection, limit: int = 200) -> list[AlarmView]:
    """Nobody has looked at these yet; the latest first."""
    query = select(alarms).where(alarms.c.acknowledged_at.is_(None)).order_by(alarms.c.last_at.desc()).limit(limit)
    return [_view(row) for row in conn.execute(query)]


def list_alarms(conn: Connection, after: int = 0, limit: int = 100) -> list[AlarmView]:
    """All alarms with a number above ``after``, oldest first."""
    query = select(alarms).where(alarms.c.id > after).order_by(alarms.c.id).limit(limit)
    return [_view(row) for row in conn.execute(query)]


def _view(row: Row[Any]) -> AlarmView:
    return AlarmView(**row._asdict())
