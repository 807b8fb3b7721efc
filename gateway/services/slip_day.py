"""The reconciliation of a day's slips: issued = released + unused + void + still open (R-SLIP-13).

day_sheet(conn, *, since, until, now) -> DaySheet      slips issued in [since, until), unix seconds
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.domain.slip import Standing
from gateway.services import slip_rows
from gateway.services.slip_views import SlipView
from gateway.storage.tables import slip_movements, slips


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The slips of one period by number. ``missing`` numbers were skipped: each is an open item.

    ``part`` counts slips that ended with goods left behind; ``refusals`` what guards turned back.
    """

    slips: tuple[SlipView, ...]
    issued: int
    released: int
    part: int
    unused: int
    void: int
    open: int
    refusals: int
    missing: tuple[int, ...]


def day_sheet(conn: Connection, *, since: int, until: int, now: int) -> DaySheet:
    """What became of the slips issued in [since, until)."""
    issued = slip_rows.query().where(slips.c.issued_at >= since, slips.c.issued_at < until).order_by(slips.c.slip_no)
    found = slip_rows.views(conn, issued, now=now)
    count = Counter(slip.standing for slip in found)
    return DaySheet(
        slips=tuple(found),
        issued=len(found),
        released=count[Standing.RELEASED],
        part=count[Standing.EXPIRED_PARTLY_RELEASED],
        unused=count[Standing.EXPIRED],
        void=count[Standing.CANCELLED] + count[Standing.CANCEL_REQUESTED] + count[Standing.SUPERSEDED],
        open=count[Standing.ISSUED] + count[Standing.PARTLY_RELEASED],
        refusals=_refusals(conn, since, until),
        missing=_missing(found),
    )


def _refusals(conn: Connection, since: int, until: int) -> int:
    refused = slip_movements.c.kind == "refuse", slip_movements.c.at >= since, slip_movements.c.at < until
    number: int = conn.execute(select(func.count()).select_from(slip_movements).where(*refused)).scalar_one()
    return number


def _missing(found: Sequence[SlipView]) -> tuple[int, ...]:
    numbers = {slip.slip_no for slip in found if slip.slip_no is not None}
    return tuple(sorted(set(range(min(numbers), max(numbers))) - numbers)) if numbers else ()
