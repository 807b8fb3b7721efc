"""The steps that all changes of a slip share."""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, insert, select, update

from gateway.domain.errors import MalformedError, NotFoundError, RuleViolationError
from gateway.domain.slip import SlipEvent, SlipState, next_state
from gateway.domain.slip_consent import is_owners_own
from gateway.services import slip_rows
from gateway.services.slip_views import SlipView
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import posts, site, slip_rights, slips, units


def locked(uow: UnitOfWork, slip_id: int) -> SlipView:
    """The slip, which nobody else changes until this transaction ends."""
    uow.conn.execute(select(slips.c.id).where(slips.c.id == slip_id).with_for_update())
    return slip_rows.load(uow.conn, slip_id, now=uow.now)


def note(uow: UnitOfWork, slip_id: int, **columns: Any) -> None:
    """Writes columns of the slip."""
    uow.conn.execute(update(slips).where(slips.c.id == slip_id).values(columns))


def state_after(slip: SlipView, event: SlipEvent) -> SlipState:
    """Where the event takes this slip, or RuleViolationError."""
    return next_state(slip.state, event, slip_no=slip.slip_no or slip.id)


def move(
    uow: UnitOfWork,
    slip_id: int,
    event: SlipEvent,
    kind: str,
    *,
    body: Mapping[str, object] | None = None,
    pii: Mapping[str, object] | None = None,
) -> SlipView:
    """Takes the slip through one event of its life and records it as ``kind``."""
    slip = locked(uow, slip_id)
    note(uow, slip_id, state=state_after(slip, event))
    number = {} if slip.slip_no is None else {"slip_no": slip.slip_no}
    uow.record(kind, f"slip:{slip_id}", {**number, **(body or {})}, pii=pii)
    return slip_rows.load(uow.conn, slip_id, now=uow.now)


def check_reviewed(slip: SlipView) -> None:
    """Raises RuleViolationError when a second person must read this slip first (R-SLIP-6)."""
    if slip.consent is None or is_owners_own(slip.kind, slip.consent) or slip.review is not None:
        return
    raise RuleViolationError("R-SLIP-6", "A supervisor reviews slip %(id)s before it is issued.", id=slip.id)


def grant_rights(conn: Connection, slip: SlipView) -> None:
    """The right to release each line, at the home post and nowhere else."""
    rows = [
        {"slip_id": slip.id, "rev": slip.rev, "line": line.line, "post": slip.post, "quantity": line.qty}
        for line in slip.lines
    ]
    conn.execute(insert(slip_rights), rows)


def end_of_day(conn: Connection, now: int) -> int:
    """The midnight that ends the day of ``now`` at the site, in unix seconds."""
    zone_name = conn.execute(select(site.c.timezone)).scalar()
    if zone_name is None:
        raise NotFoundError("There is no site yet. Create it first.")
    zone = ZoneInfo(zone_name)
    tomorrow = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return int(datetime.combine(tomorrow, time.min, zone).timestamp())


def whole_minute(expires_at: int | None, now: int) -> int | None:
    """A time in the future, rounded down to the minutes that a token counts."""
    if expires_at is None:
        return None
    minute = expires_at // 60 * 60
    if minute <= now:
        raise RuleViolationError("R-SLIP-7", "A slip cannot end in the past.", fields={"expires_at": "in the future"})
    return minute


def check_texts(form: Mapping[str, Any]) -> None:
    """Raises MalformedError for a text of the form that is missing or too long."""
    fields = {}
    if not 1 <= len(form.get("applicant", "").strip()) <= 80:
        fields["applicant"] = "1 to 80 characters"
    if len(form.get("remarks", "").strip()) > 200:
        fields["remarks"] = "at most 200 characters"
    if fields:
        raise MalformedError("The slip is not filled in completely.", fields=fields)


def unit_of(conn: Connection, unit_id: int) -> Row[Any, Any, Any]:
    """The unit, or NotFoundError."""
    unit = conn.execute(select(units.c.id, units.c.code, units.c.arrears).where(units.c.id == unit_id)).first()
    if unit is None:
        raise NotFoundError("There is no unit with the id %(id)s.", id=unit_id)
    return unit


def known_posts(conn: Connection, home: str, others: Collection[str]) -> list[str]:
    """The home post and the others, sorted; NotFoundError names those that do not exist."""
    wanted = {home, *others}
    known = set(conn.execute(select(posts.c.id).where(posts.c.id.in_(wanted))).scalars())
    if wanted - known:
        raise NotFoundError("There is no guard post %(posts)s.", posts=", ".join(sorted(wanted - known)))
    return sorted(wanted)
