"""The site's wall clock: its time zone and its days."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.domain.issuance import end_of_day, local_date
from gateway.storage.tables import site


def zone_of(conn: Connection) -> ZoneInfo:
    """The site's time zone."""
    return ZoneInfo(conn.execute(select(site.c.timezone)).scalar_one())


def day_of(conn: Connection, at: int) -> date:
    """The day of ``at`` (unix seconds) at the site."""
    return local_date(at, zone_of(conn))


def end_of(conn: Connection, day: date) -> int:
    """The first second (unix) after ``day`` at the site: what ``valid_until`` and ``lease_end`` mean by a day."""
    return end_of_day(day, zone_of(conn))
