"""The site: its name and choices, areas, what each basis gives, schedules and holidays.

Portals, controllers and posts stand in gateway.services.gates and are offered here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import available_timezones

from sqlalchemy import Connection, delete, insert, select, update

from gateway.domain.entitlement import AccessRule, BasisKind
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.domain.identity import IdentityForm
from gateway.domain.issuance import SiteSettings
from gateway.domain.schedule import Ranges, Schedule
from gateway.domain.site import Area, check_slug
from gateway.services import projection
from gateway.services.gates import (
    Broker,
    ControllerView,
    NewPortal,
    PostView,
    add_controller,
    add_portal,
    add_post,
    enrol_controller,
    get_controller,
    get_portal,
    list_controllers,
    list_portals,
    list_posts,
    set_portal_mode,
)
from gateway.services.keys import Keys, load_secret, make_secrets
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import access_rules, areas, holidays, schedules, site

MAX_SITE_NUMBER: Final = 0xFFFF

__all__ = [
    "Broker",
    "ControllerView",
    "ListView",
    "NewPortal",
    "PostView",
    "ScheduleView",
    "SiteView",
    "add_area",
    "add_controller",
    "add_holiday",
    "add_portal",
    "add_post",
    "add_schedule",
    "create_site",
    "describe",
    "enrol_controller",
    "get_area",
    "get_controller",
    "get_portal",
    "list_access_rules",
    "list_areas",
    "list_controllers",
    "list_holidays",
    "list_lists",
    "list_portals",
    "list_posts",
    "list_schedules",
    "load_secret",
    "remove_holiday",
    "set_access_rule",
    "set_area_forms",
    "set_portal_mode",
    "set_settings",
]


@dataclass(frozen=True, slots=True)
class SiteView:
    """The site as it calls itself."""

    slug: str
    number: int
    name: str
    timezone: str
    settings: SiteSettings
    calendar_version: int
    config_version: int


@dataclass(frozen=True, slots=True)
class ListView:
    """An area and the whitelist of the same name: what its readers show, and how far the list has come."""

    area: Area
    epoch: int
    version: int
    count: int


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A weekly schedule by its number; 0 is "always" and never stored."""

    number: int
    name: str
    schedule: Schedule


# --- The site itself ------------------------------------------------------------------------------


def create_site(uow: UnitOfWork, *, slug: str, number: int, name: str, timezone: str, keyring: Keyring) -> SiteView:
    """The one site of this store, with fresh secrets sealed by ``keyring``."""
    if uow.conn.execute(select(site.c.id)).first() is not None:
        raise ConflictError("This store already has a site.")
    _check_site(number, name, timezone)
    row = {"id": 1, "slug": check_slug("slug", slug), "number": number, "name": name.strip(), "timezone": timezone}
    uow.conn.execute(insert(site).values(**row, settings={}))
    make_secrets(uow, keyring)
    uow.record("site.created", "site", row)
    uow.touch_site()
    return describe(uow.conn)


def _check_site(number: int, name: str, timezone: str) -> None:
    fields = {}
    if not 1 <= number <= MAX_SITE_NUMBER:
        fields["number"] = "1 to 65535"
    if not 1 <= len(name.strip()) <= 80:
        fields["name"] = "1 to 80 characters"
    if timezone not in available_timezones():
        fields["timezone"] = "an IANA name such as Asia/Shanghai"
    if fields:
        raise MalformedError("The site needs a number, a name and a time zone.", fields=fields)


def describe(conn: Connection) -> SiteView:
    """The site; raises NotFoundError before it was created."""
    row = conn.execute(select(site)).first()
    if row is None:
        raise NotFoundError("There is no site yet. Create it first.")
    settings = SiteSettings(**row.settings)
    return SiteView(row.slug, row.number, row.name, row.timezone, settings, row.calendar_version, row.config_version)


def set_settings(uow: UnitOfWork, **changes: int) -> SiteSettings:
    """Changes the site's choices by the names of SiteSettings."""
    before = asdict(describe(uow.conn).settings)
    fields = {name: "a whole number above 0" for name, value in changes.items() if name not in before or value < 1}
    if fields:
        raise MalformedError("These settings cannot be.", fields=fields)
    uow.conn.execute(update(site).values(settings={**before, **changes}))
    uow.record("site.settings", "site", {"before": before, "after": {**before, **changes}})
    return SiteSettings(**{**before, **changes})


# --- Areas and what a basis gives -----------------------------------------------------------------


def add_area(uow: UnitOfWork, *, id: str, name: str, forms: Sequence[IdentityForm] = (IdentityForm.UID,)) -> Area:  # noqa: A002  # the field's word
    """An area with an empty whitelist of the same name. ``forms``: what its readers show of a card."""
    check_slug("id", id)
    if not forms:
        raise MalformedError("Say what the readers of the area show.", fields={"forms": "at least one"})
    if uow.conn.execute(select(areas.c.id).where(areas.c.id == id)).first() is not None:
        raise ConflictError("There already is an area %(id)s.", id=id, fields={"id": "taken"})
    uow.conn.execute(insert(areas).values(id=id, name=name.strip(), forms=[form.value for form in forms]))
    uow.record("site.area_added", f"area:{id}", {"name": name, "forms": list(forms)})
    uow.touch_site()
    return Area(id, name.strip(), tuple(forms))


def set_area_forms(uow: UnitOfWork, keys: Keys, id: str, forms: Sequence[IdentityForm]) -> Area:  # noqa: A002  # the field's word
    """Other readers were mounted: everybody is listed anew in the forms they show."""
    projection.lock_everybody(uow.conn)
    before = get_area(uow.conn, id)
    if not forms:
        raise MalformedError("Say what the readers of the area show.", fields={"forms": "at least one"})
    uow.conn.execute(update(areas).where(areas.c.id == id).values(forms=[form.value for form in forms]))
    uow.record("site.area_forms", f"area:{id}", {"before": list(before.forms), "after": list(forms)})
    projection.project_everybody(uow, keys)
    return get_area(uow.conn, id)


def get_area(conn: Connection, id: str) -> Area:  # noqa: A002  # the field's word
    """One area; raises NotFoundError."""
    row = conn.execute(select(areas).where(areas.c.id == id)).first()
    if row is None:
        raise NotFoundError("There is no area %(id)s.", id=id)
    return Area(row.id, row.name, tuple(IdentityForm(form) for form in row.forms))


def list_areas(conn: Connection) -> list[Area]:
    """All areas, by id."""
    rows = conn.execute(select(areas).order_by(areas.c.id))
    return [Area(row.id, row.name, tuple(IdentityForm(form) for form in row.forms)) for row in rows]


def list_lists(conn: Connection) -> list[ListView]:
    """All whitelists with their versions and sizes, by id."""
    counts = projection.count_entries(conn)
    rows = conn.execute(select(areas.c.id, areas.c.epoch, areas.c.version)).all()
    heads = {row.id: row for row in rows}
    return [ListView(a, heads[a.id].epoch, heads[a.id].version, counts.get(a.id, 0)) for a in list_areas(conn)]


def set_access_rule(
    uow: UnitOfWork,
    keys: Keys,
    *,
    basis: BasisKind,
    common_areas: Sequence[str] = (),
    unit_areas: bool = True,
    schedule: int = 0,
    flags: int = 0,
) -> AccessRule:
    """What a kind of basis gives from now on, to everybody who has one."""
    for area in common_areas:
        get_area(uow.conn, area)
    if schedule and not uow.conn.execute(select(schedules.c.number).where(schedules.c.number == schedule)).first():
        raise NotFoundError("There is no schedule %(number)s.", number=schedule)
    before = list_access_rules(uow.conn).get(basis)
    rule = AccessRule(tuple(common_areas), unit_areas, schedule, flags)
    uow.conn.execute(delete(access_rules).where(access_rules.c.basis == basis.value))
    uow.conn.execute(insert(access_rules).values(basis=basis.value, **_rule_row(rule)))
    body = {"before": None if before is None else _rule_row(before), "after": _rule_row(rule)}
    uow.record("site.access_rule", f"basis:{basis}", body)
    projection.project_everybody(uow, keys)
    return rule


def list_access_rules(conn: Connection) -> Mapping[BasisKind, AccessRule]:
    """What each kind of basis gives."""
    return projection.load_rules(conn)


def _rule_row(rule: AccessRule) -> dict[str, Any]:
    return {**asdict(rule), "common_areas": list(rule.common_areas)}


# --- Calendar -------------------------------------------------------------------------------------


def add_schedule(
    uow: UnitOfWork, *, name: str, weekdays: Sequence[Ranges], holidays: Ranges = (), number: int | None = None
) -> ScheduleView:
    """A weekly schedule under the lowest free number (1 to 255), or the one given."""
    days = tuple(tuple(day) for day in weekdays)
    made = Schedule(days, tuple(holidays))  # type: ignore[arg-type]  # the schedule checks that there are seven
    taken = set(uow.conn.execute(select(schedules.c.number)).scalars())
    chosen = number or next((n for n in range(1, 256) if n not in taken), 256)
    if chosen in taken or not 1 <= chosen <= 255:
        raise ConflictError("Schedules are numbered 1 to 255; %(number)s is not free.", number=chosen)
    projection.store_schedule(uow, chosen, name.strip(), made)
    return ScheduleView(chosen, name.strip(), made)


def list_schedules(conn: Connection) -> list[ScheduleView]:
    """All schedules, by number."""
    rows = conn.execute(select(schedules).order_by(schedules.c.number))
    return [ScheduleView(row.number, row.name, projection.schedule_of(row)) for row in rows]


def add_holiday(uow: UnitOfWork, day: date) -> None:
    """On this day the holiday hours of each schedule count. Twice is once."""
    if uow.conn.execute(select(holidays.c.day).where(holidays.c.day == day.isoformat())).first() is None:
        uow.conn.execute(insert(holidays).values(day=day.isoformat()))
        uow.record("site.holiday_added", "site", {"day": day.isoformat()})
        projection.raise_calendar(uow)


def remove_holiday(uow: UnitOfWork, day: date) -> None:
    """An ordinary day again."""
    if uow.conn.execute(delete(holidays).where(holidays.c.day == day.isoformat())).rowcount:
        uow.record("site.holiday_removed", "site", {"day": day.isoformat()})
        projection.raise_calendar(uow)


def list_holidays(conn: Connection) -> list[date]:
    """All holidays in order."""
    return [date.fromisoformat(day) for day in conn.execute(select(holidays.c.day).order_by(holidays.c.day)).scalars()]
