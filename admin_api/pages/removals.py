"""A mass removal waits on the console for a person, who is told how many cards it takes off which list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import from_thread
from fastapi import Depends, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from admin_api import removals, roles
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from admin_api.problems import request_id
from gateway.domain.errors import ConflictError
from gateway.runtime.house import HeldRemoval
from gateway.services import site

routes = router()
Configurer = Annotated[Visit, Depends(Enter(roles.CONFIGURE))]


@dataclass(frozen=True, slots=True)
class RemovalRow:
    """How many of how many entries would leave the list; the gates keep them until then."""

    list: str
    name: str
    removals: int
    before: int


def section(visit: Visit, conn: Connection) -> Mapping[str, Any]:
    """What waits now. In a worker thread."""
    names = {area.id: area.name for area in site.list_areas(conn)}
    rows = [RemovalRow(name, names.get(name, name), h.removals, h.count_before) for name, h in _held(visit).items()]
    return {"removals": rows}


def _held(visit: Visit) -> Mapping[str, HeldRemoval]:
    desk = visit.house.removals
    return {} if desk is None else from_thread.run_sync(lambda: dict(desk.held))


@routes.get("/console/lists/{list_id}/confirm-removal")
def ask(visit: Configurer, list_id: str) -> Response:
    """Names the list and how many, and what will happen."""
    with visit.read() as conn:
        rows = {row.list: row for row in section(visit, conn)["removals"]}
    if list_id not in rows:
        raise ConflictError(N_("No removal from list %(list)s waits for a confirmation."), list=list_id)
    return visit.render("console/removal.html", here="console", row=rows[list_id])


@routes.post("/console/lists/{list_id}/confirm-removal")
async def confirm(visit: Configurer, list_id: str) -> Response:
    """The gates take them off."""
    actor = await run_in_threadpool(lambda: visit.caller.actor)
    await removals.confirm(visit.house, actor, list_id, request_id=request_id(visit.request))
    return see_other("/console")
