"""The site: areas and their lists, what each basis gives, schedules and holidays."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi import Path as InPath
from sqlalchemy import Connection

from admin_api import removals
from admin_api.mutations import Call, reads, writes
from admin_api.problems import request_id
from admin_api.roles import ANYONE, CONFIGURE
from admin_api.schemas.base import AfterId, AfterText, Limit, Page, Slug, page_of, part_of
from admin_api.schemas.site import (
    AreaIn,
    AreaOut,
    FormsIn,
    HolidaysOut,
    ListOut,
    RemovalOut,
    RuleIn,
    RuleOut,
    ScheduleIn,
    ScheduleOut,
    SiteOut,
)
from gateway.domain.entitlement import AccessRule, BasisKind
from gateway.services import site
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["site"])

Look = Annotated[Call, Depends(reads(ANYONE))]
Configure = Annotated[Call, Depends(writes(CONFIGURE))]
Day = Annotated[date, InPath(ge=date(1970, 1, 1), lt=date(2106, 1, 1))]


@router.get("/site", summary="The site", response_model=SiteOut)
def get_site(call: Look) -> Response:
    """Its name, number and time zone."""
    with call.read() as conn:
        return call.show(SiteOut.model_validate(site.describe(conn)))


@router.get("/areas", summary="The areas")
def list_areas(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[AreaOut]:
    """By id."""
    with call.read() as conn:
        return part_of(map(AreaOut.model_validate, site.list_areas(conn)), after, limit, lambda area: area.id)


@router.post("/areas", summary="Add an area", status_code=201, response_model=AreaOut)
def add_area(body: AreaIn, call: Configure) -> Response:
    """With an empty whitelist of the same id."""
    return call.write(
        lambda uow: AreaOut.model_validate(site.add_area(uow, id=body.id, name=body.name, forms=body.forms)), status=201
    )


@router.get("/areas/{area_id}", summary="One area", response_model=AreaOut)
def get_area(area_id: Slug, call: Look) -> Response:
    """With the entity tag an edit may be guarded by."""
    with call.read() as conn:
        return call.show(_area(conn, area_id))


@router.put("/areas/{area_id}/forms", summary="Say what an area's readers show", response_model=AreaOut)
def set_forms(area_id: Slug, body: FormsIn, call: Configure) -> Response:
    """Everybody is listed anew in these forms."""
    return call.write(
        lambda uow: AreaOut.model_validate(site.set_area_forms(uow, call.house.keys, area_id, body.forms)),
        current=lambda conn: _area(conn, area_id),
    )


def _area(conn: Connection, area_id: str) -> AreaOut:
    return AreaOut.model_validate(site.get_area(conn, area_id))


@router.get("/lists", summary="The whitelists")
def list_lists(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[ListOut]:
    """With version and size; who holds which version stands with the controllers."""
    with call.read() as conn:
        return part_of(map(ListOut.of, site.list_lists(conn)), after, limit, lambda entry: entry.id)


@router.post("/lists/{list_id}/confirm-removal", summary="Let a mass removal go", response_model=RemovalOut)
async def confirm_removal(list_id: Slug, call: Configure) -> Response:
    """A version that takes more than a tenth off a list of 100 or more waits for this (alarm `mass_removal_held`)."""

    async def confirmed() -> RemovalOut:
        name = request_id(call.request)
        await removals.confirm(call.house, call.caller.actor, list_id, request_id=name)
        return RemovalOut(list=list_id)

    return await call.once(confirmed)


@router.get("/access-rules", summary="What each basis gives")
def list_rules(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[RuleOut]:
    """A kind of basis that is not named here gives nothing."""
    with call.read() as conn:
        rules = site.list_access_rules(conn)
    return part_of([_rule(basis, rule) for basis, rule in rules.items()], after, limit, lambda rule: rule.basis.value)


@router.put("/access-rules/{basis}", summary="Say what a basis gives", response_model=RuleOut)
def set_rule(basis: BasisKind, body: RuleIn, call: Configure) -> Response:
    """From now on, to everybody who has one."""
    return call.write(
        lambda uow: _rule(basis, site.set_access_rule(uow, call.house.keys, basis=basis, **body.model_dump()))
    )


def _rule(basis: BasisKind, rule: AccessRule) -> RuleOut:
    return RuleOut(
        basis=basis,
        common_areas=list(rule.common_areas),
        unit_areas=rule.unit_areas,
        schedule=rule.schedule,
        flags=rule.flags,
    )


@router.get("/schedules", summary="The weekly schedules")
def list_schedules(call: Look, after: AfterId = 0, limit: Limit = 100) -> Page[ScheduleOut]:
    """By number; 0 is "always" and not among them."""
    with call.read() as conn:
        found = [ScheduleOut.of(view) for view in site.list_schedules(conn) if view.number > after]
    return page_of(found[: limit + 1], limit, lambda schedule: schedule.number)


@router.post("/schedules", summary="Add a weekly schedule", status_code=201, response_model=ScheduleOut)
def add_schedule(body: ScheduleIn, call: Configure) -> Response:
    """Controllers hear of it with the next configuration."""
    days = [_ranges(day) for day in body.weekdays]
    return call.write(
        lambda uow: ScheduleOut.of(
            site.add_schedule(uow, name=body.name, weekdays=days, holidays=_ranges(body.holidays), number=body.number)
        ),
        status=201,
    )


def _ranges(ranges: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, stop) for start, stop in ranges)


@router.get("/holidays", summary="The holidays", response_model=HolidaysOut)
def list_holidays(call: Look) -> Response:
    """In order."""
    with call.read() as conn:
        return call.show(HolidaysOut(days=site.list_holidays(conn)))


@router.put("/holidays/{day}", summary="Make a day a holiday", response_model=HolidaysOut)
def add_holiday(day: Day, call: Configure) -> Response:
    """Twice is once."""

    def added(uow: UnitOfWork) -> HolidaysOut:
        site.add_holiday(uow, day)
        return HolidaysOut(days=site.list_holidays(uow.conn))

    return call.write(added)


@router.delete("/holidays/{day}", summary="Make a day an ordinary one", response_model=HolidaysOut)
def remove_holiday(day: Day, call: Configure) -> Response:
    """Nothing happens when it was none."""

    def removed(uow: UnitOfWork) -> HolidaysOut:
        site.remove_holiday(uow, day)
        return HolidaysOut(days=site.list_holidays(uow.conn))

    return call.write(removed)
