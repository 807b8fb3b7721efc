"""The console: gates, controllers, devices, alarms and the stream of events."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from admin_api import gates as acts
from admin_api import roles
from admin_api.pages import console_views as views
from admin_api.pages import removals
from admin_api.pages.alarm_views import alarms_now
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from admin_api.problems import request_id
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.site import Portal
from gateway.services import alarms, gates

EVENTS_SHOWN: Final = 120
MAX_ID: Final = 2**63 - 1

routes = router()
Watcher = Annotated[Visit, Depends(Enter(roles.RECORD))]
Opener = Annotated[Visit, Depends(Enter(roles.OPEN))]
Section = Callable[[Visit, Connection], Mapping[str, Any]]


class Asked(BaseModel):
    """Which part of the stream: records before ``before`` that hold all words of ``q``."""

    q: str = Field("", max_length=80)
    before: int | None = Field(None, ge=1, le=MAX_ID)


@routes.get("/console")
def console(visit: Watcher, asked: Annotated[Asked, Query()]) -> Response:
    """Everything at a glance."""
    with visit.read() as conn:
        context = {name: value for section in _SECTIONS.values() for name, value in section(visit, conn).items()}
        context |= _events(visit, conn, asked)
    return visit.render("console/console.html", here="console", **context)


def _alarms(visit: Visit, conn: Connection) -> Mapping[str, Any]:
    return {"alarms": alarms_now(visit, conn)}


def _gates(visit: Visit, conn: Connection) -> Mapping[str, Any]:
    return {"gates": views.gates_now(visit, conn)}


def _controllers(visit: Visit, conn: Connection) -> Mapping[str, Any]:
    return {"controllers": views.controllers(visit, conn)}


def _devices(visit: Visit, _conn: Connection) -> Mapping[str, Any]:
    return {"devices": [views.device(visit.say, status) for status in visit.house.devices.statuses()]}


def _events(visit: Visit, conn: Connection, asked: Asked) -> dict[str, Any]:
    page = views.event_page(visit, conn, EVENTS_SHOWN, before=asked.before, words=asked.q)
    query = {"q": asked.q} if asked.q else {}
    older = urlencode(query | {"before": page.older}) if page.older else ""
    return {"events": page.rows, "older": older, "newest": urlencode(query), "before": asked.before, "query": asked.q}


@routes.get("/console/events")
def event_part(visit: Watcher, asked: Annotated[Asked, Query()]) -> Response:
    """The stream alone: the newest for the live page, or what is older."""
    with visit.read() as conn:
        return visit.render("fragment.html", part="console/events.html", **_events(visit, conn, asked))


_SECTIONS: Final[Mapping[str, Section]] = {
    "alarms": _alarms,
    "removals": removals.section,
    "gates": _gates,
    "controllers": _controllers,
    "devices": _devices,
}


@routes.get("/console/portals/{portal_id}/open")
def ask_open(visit: Opener, portal_id: str) -> Response:
    """Asks for the reason (R-GATE-10)."""
    return _ask(visit, _portal(visit, portal_id), Form())


@routes.post("/console/portals/{portal_id}/open")
async def open_gate(visit: Opener, portal_id: str) -> Response:
    """One pulse. Who and why is durable before anything moves."""
    portal = await run_in_threadpool(_portal, visit, portal_id)
    reason = texts(visit.form).get("reason", "")
    try:
        if not 1 <= len(reason) <= 200:
            raise MalformedError(N_("Say why the gate is opened."), fields={"reason": N_("1 to 200 characters")})
        name = request_id(visit.request)
        await acts.open_portal(visit.house, visit.caller, portal.id, reason, request_id=name)
    except GatehouseError as error:
        return await run_in_threadpool(_ask, visit, portal, visit.again(error))
    return see_other("/console")


def _ask(visit: Visit, portal: Portal, form: Form) -> Response:
    return visit.render(
        "console/open.html", status=422 if form.sentence else 200, here="console", portal=portal, form=form
    )


def _portal(visit: Visit, portal_id: str) -> Portal:
    with visit.read() as conn:
        acts.check_own_gate(conn, visit.caller, portal_id)
        return gates.get_portal(conn, portal_id)


@routes.post("/console/alarms/{alarm_id}/acknowledge")
def acknowledge(visit: Annotated[Visit, Depends(Enter(roles.ALARMS))], alarm_id: int) -> Response:
    """Someone looks after it."""
    visit.write(lambda uow: alarms.acknowledge(uow, alarm_id))
    return see_other("/console")


@routes.get("/console/{section}")
def part(visit: Watcher, section: views.SectionName) -> Response:
    """One section alone, for the live page."""
    with visit.read() as conn:
        return visit.render("fragment.html", part=f"console/{section}.html", **_SECTIONS[section](visit, conn))
