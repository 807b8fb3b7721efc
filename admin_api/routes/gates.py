"""Portals, guard posts and devices, and what people do at a gate from afar."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Response

from admin_api import gates as acts
from admin_api.mutations import Call, reads, writes
from admin_api.problems import request_id
from admin_api.roles import ANYONE, CONFIGURE, MODES, OPEN
from admin_api.schemas.base import AfterId, AfterText, Limit, Page, Slug, page_of, part_of
from admin_api.schemas.gates import (
    BarrierOut,
    DeviceOut,
    OpenedOut,
    PortalIn,
    PortalNowOut,
    PortalOut,
    PostIn,
    PostOut,
    WhyIn,
)
from gateway.domain.decision import PortalMode
from gateway.domain.site import Portal
from gateway.runtime.house import House
from gateway.services import gates

router = APIRouter(prefix="/api/v1", tags=["gates"])

Look = Annotated[Call, Depends(reads(ANYONE))]
Configure = Annotated[Call, Depends(writes(CONFIGURE))]
Open = Annotated[Call, Depends(writes(OPEN))]
SetMode = Annotated[Call, Depends(writes(MODES))]


@router.get("/portals", summary="The portals and how they stand")
def list_portals(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[PortalNowOut]:
    """Wired ones with the last reading of their barrier."""
    with call.read() as conn:
        shown = [_now(call.house, portal) for portal in gates.list_portals(conn)]
    return part_of(shown, after, limit, lambda portal: portal.id)


@router.get("/portals/{portal_id}", summary="One portal", response_model=PortalNowOut)
def get_portal(portal_id: Slug, call: Look) -> Response:
    """With the last reading of its barrier."""
    with call.read() as conn:
        return call.show(_now(call.house, gates.get_portal(conn, portal_id)))


def _now(house: House, portal: Portal) -> PortalNowOut:
    reading = house.portals.readings().get(portal.id)
    barrier = None if reading is None else BarrierOut.model_validate(reading)
    return PortalNowOut(**PortalOut.model_validate(portal).model_dump(), barrier=barrier)


@router.post("/portals", summary="Add a portal wired to the gateway", status_code=201, response_model=PortalOut)
def add_portal(body: PortalIn, call: Configure) -> Response:
    """Its devices are named in the configuration of the gateway."""
    return call.write(lambda uow: PortalOut.model_validate(gates.add_portal(uow, body.portal())), status=201)


@router.delete("/portals/{portal_id}", summary="Take a portal out of the site", response_model=PortalOut)
def remove_portal(portal_id: Slug, call: Configure) -> Response:
    """Refused while a guard post or a device of the gateway needs it; the answer is the portal as it was."""
    wired = call.house.portals.wired()
    return call.write(lambda uow: PortalOut.model_validate(gates.remove_portal(uow, portal_id, wired)))


@router.post("/portals/{portal_id}/open", summary="Open a gate once", response_model=OpenedOut)
async def open_portal(portal_id: Slug, body: WhyIn, call: Open) -> Response:
    """One pulse; an open while open is success. A guard opens the gate of the own post only.

    Under an `Idempotency-Key` it never pulses twice: when the gateway died in between, a repeat gets 409, for
    nobody knows whether the gate moved. Look at it, then ask under a new key.
    """

    async def opened() -> OpenedOut:
        name = request_id(call.request)
        await acts.open_portal(call.house, call.caller, portal_id, body.reason, request_id=name)
        return OpenedOut(portal=portal_id)

    return await call.once(opened)


@router.post("/portals/{portal_id}/hold", summary="Hold a gate open", response_model=PortalOut)
async def hold(portal_id: Slug, body: WhyIn, call: SetMode) -> Response:
    """Until it is released."""
    return await _set_mode(call, portal_id, PortalMode.HELD_OPEN, body.reason)


@router.post("/portals/{portal_id}/release", summary="Back to normal", response_model=PortalOut)
async def release(portal_id: Slug, body: WhyIn, call: SetMode) -> Response:
    """Ends a hold or a lock-out: the lists decide again. The arm is not driven down by it."""
    return await _set_mode(call, portal_id, PortalMode.NORMAL, body.reason)


@router.post("/portals/{portal_id}/lock-out", summary="Admit nobody", response_model=PortalOut)
async def lock_out(portal_id: Slug, body: WhyIn, call: SetMode) -> Response:
    """Entry only: it never locks anyone in."""
    return await _set_mode(call, portal_id, PortalMode.LOCKED_OUT, body.reason)


async def _set_mode(call: Call, portal_id: str, mode: PortalMode, reason: str) -> Response:
    """Stores the mode, then tells the gate; when that fails the mode stands and the answer says what happened."""
    answer = await to_thread.run_sync(
        call.write,
        lambda uow: PortalOut.model_validate(gates.set_portal_mode(uow, portal_id, mode, reason)),
    )
    portal = await to_thread.run_sync(_stored, call, portal_id)
    await acts.apply_mode(call.house, call.caller.actor, portal)
    return answer


def _stored(call: Call, portal_id: str) -> Portal:
    with call.read() as conn:
        return gates.get_portal(conn, portal_id)


@router.get("/posts", summary="The guard posts")
def list_posts(call: Look, after: AfterId = 0, limit: Limit = 100) -> Page[PostOut]:
    """By number; the cursor is the number after the last one shown."""
    with call.read() as conn:
        found = [PostOut.model_validate(post) for post in gates.list_posts(conn) if post.number >= after]
    return page_of(found[: limit + 1], limit, lambda post: post.number + 1)


@router.post("/posts", summary="Add a guard post", status_code=201, response_model=PostOut)
def add_post(body: PostIn, call: Configure) -> Response:
    """Slips name it by its number."""
    return call.write(lambda uow: PostOut.model_validate(gates.add_post(uow, **body.model_dump())), status=201)


@router.get("/devices", summary="How every device stands")
def list_devices(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[DeviceOut]:
    """With a sentence that says why one is dark."""
    return part_of(map(DeviceOut.of, call.house.devices.statuses()), after, limit, lambda device: device.device)
