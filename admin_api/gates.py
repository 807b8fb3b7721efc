"""What people do at a gate from afar: open it, hold it, lock it. Always with a reason, always on the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from anyio import to_thread
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from admin_api.auth import Caller
from gateway.domain.decision import PortalMode
from gateway.domain.errors import ForbiddenError, GatehouseError, MalformedError
from gateway.domain.person import Role
from gateway.domain.site import Portal
from gateway.domain.slip_verdict import Code
from gateway.ports import CommandResult, DeviceError, DeviceOfflineError, DeviceRefusedError, DeviceSilentError
from gateway.runtime.house import House
from gateway.services import alarms, gates
from gateway.services.slip_views import Verdict
from gateway.storage.store import SYSTEM, Actor

_LOG: Final = structlog.get_logger(__name__)
_COMMANDS: Final = {
    PortalMode.HELD_OPEN: "hold_open",
    PortalMode.LOCKED_OUT: "lock_out",
    PortalMode.NORMAL: "release_hold",
}


def check_own_gate(conn: Connection, caller: Caller, portal: str) -> None:
    """A guard acts at the gate of the own post only; raises ForbiddenError."""
    if caller.actor.roles - {Role.GUARD}:
        return
    if portal not in {post.portal for post in gates.list_posts(conn) if post.id == caller.actor.post}:
        raise ForbiddenError("This gate is not at your post.")


async def open_portal(house: House, caller: Caller, portal_id: str, reason: str, *, request_id: str = "") -> None:
    """Opens once. Who and why is durable before anything moves.

    Raises NotFoundError, ForbiddenError, DeviceOfflineError or DeviceRefusedError.
    """
    portal = await to_thread.run_sync(_known, house, caller, portal_id)
    if portal.controller is None:
        await house.portals.open(portal.id, by=caller.actor.id, reason=reason)
        return
    await _open_afar(house, caller.actor, portal, portal.controller, reason=reason, request_id=request_id)


def _known(house: House, caller: Caller, portal_id: str) -> Portal:
    with house.store.read() as conn:
        portal = gates.get_portal(conn, portal_id)
        check_own_gate(conn, caller, portal_id)
        return portal


async def _open_afar(
    house: House, actor: Actor, portal: Portal, controller: str, *, reason: str, request_id: str = ""
) -> None:
    """Puts on the record what is asked, asks it, and puts on the record what came of it."""
    body = {"reason": reason, "controller": controller}
    target = f"portal:{portal.id}"
    asked = _Said("portal.open_asked", target, body, request_id)
    await to_thread.run_sync(_record, house, actor, asked)
    try:
        await command(house, controller, "open", portal.id, actor)
    except DeviceError as error:
        kind = "portal.open_unanswered" if isinstance(error, DeviceSilentError) else "portal.open_failed"
        failed = _Said(kind, target, {**body, "error": str(error)}, request_id)
        await to_thread.run_sync(_record_end, house, actor, failed)
        raise
    await to_thread.run_sync(_record_end, house, actor, _Said("portal.opened", target, body, request_id))


@dataclass(frozen=True, slots=True)
class _Said:
    """A line of the record."""

    kind: str
    target: str
    body: Mapping[str, object]
    request_id: str


def _record(house: House, actor: Actor, said: _Said) -> None:
    with house.store.write(actor, request_id=said.request_id) as uow:
        uow.record(said.kind, said.target, said.body)


def _record_end(house: House, actor: Actor, said: _Said) -> None:
    """A store that fails by now takes nothing back: the asking is on record, and the caller hears of the gate."""
    try:
        _record(house, actor, said)
    except GatehouseError as error:
        _LOG.warning("opening_end_not_recorded", target=said.target, kind=said.kind, why=str(error))


async def apply_mode(house: House, actor: Actor, portal: Portal) -> None:
    """Brings the gate into the mode that was stored. Raises DeviceOfflineError or DeviceRefusedError."""
    if portal.controller is None:
        await house.portals.apply_mode(portal.id, portal.mode)
    else:
        await command(house, portal.controller, _COMMANDS[portal.mode], portal.id, actor)


async def command(house: House, controller: str, kind: str, portal: str | None, actor: Actor) -> None:
    """One command to a controller.

    Raises DeviceOfflineError when nothing was sent or it came too late, DeviceSilentError when it was sent and
    nobody answered, DeviceRefusedError when the controller says no.
    """
    if house.commands is None:
        raise DeviceOfflineError(
            "This gateway has no broker, so %(controller)s cannot be reached.", controller=controller
        )
    result = await house.commands.command(controller, kind, portal, actor.id)
    if result is not CommandResult.DONE:
        raise _failure(result, controller)


def _failure(result: CommandResult, controller: str) -> DeviceError:
    if result is CommandResult.UNDELIVERED:
        return DeviceOfflineError("Controller %(controller)s is out of reach; nothing moved.", controller=controller)
    if result is CommandResult.EXPIRED:
        return DeviceOfflineError(
            "The command reached controller %(controller)s too late; nothing moved.", controller=controller
        )
    if result is CommandResult.UNANSWERED:
        return DeviceSilentError(
            "Controller %(controller)s did not answer. It is not known whether it moved; look at the gate.",
            controller=controller,
        )
    return DeviceRefusedError("Controller %(controller)s refused the command.", controller=controller)


def post_of(caller: Caller, asked: str | None) -> str:
    """The guard post a caller acts at: the own one, or the one named by someone who has none.

    Raises MalformedError when nobody says which, ForbiddenError when a guard names another post.
    """
    own = caller.actor.post
    if own is not None and asked not in {None, own} and not caller.actor.roles - {Role.GUARD}:
        raise ForbiddenError("You stand at another post.")
    post = asked or own
    if post is None:
        raise MalformedError("Say which guard post this is.", fields={"post": "missing"})
    return post


def after_release(house: House, actor: Actor, post_id: str, verdict: Verdict) -> BackgroundTask | None:
    """Opens the barrier once the answer is out: for a first release only, never for its repeat."""
    if verdict.code is not Code.RELEASED or verdict.repeat:
        return None
    return BackgroundTask(open_after_release, house, actor, post_id, verdict.slip_no)


async def open_after_release(house: House, actor: Actor, post_id: str, slip_no: int | None) -> None:
    """Opens the barrier of a post, if it has one, for goods that were let out; a failure is an alarm."""
    portal = await to_thread.run_sync(_portal_of_post, house, post_id)
    if portal is None:
        return
    reason = f"slip {slip_no}"
    try:
        if portal.controller is None:
            await house.portals.open(portal.id, by=actor.id, reason=reason)
        else:
            await _open_afar(house, actor, portal, portal.controller, reason=reason)
    except GatehouseError as error:
        await to_thread.run_sync(_alarm, house, portal.id, str(error))


def _portal_of_post(house: House, post_id: str) -> Portal | None:
    with house.store.read() as conn:
        portal = next((post.portal for post in gates.list_posts(conn) if post.id == post_id), None)
        return None if portal is None else gates.get_portal(conn, portal)


def _alarm(house: House, portal: str, why: str) -> None:
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, "open_failed", f"portal:{portal}", {"why": why})
