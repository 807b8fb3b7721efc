"""Gate controllers: set up, enrolled, and what they last reported."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Response

from admin_api import enrolment
from admin_api import gates as acts
from admin_api.mutations import Call, reads, writes
from admin_api.problems import request_id
from admin_api.roles import ANYONE, CONFIGURE
from admin_api.schemas.base import AfterText, Limit, Page, Slug, part_of
from admin_api.schemas.gates import ControllerIn, ControllerOut, ProvisioningOut, ResyncedOut
from gateway.services import gates

router = APIRouter(prefix="/api/v1/controllers", tags=["controllers"])

Look = Annotated[Call, Depends(reads(ANYONE))]
Configure = Annotated[Call, Depends(writes(CONFIGURE))]


@router.get("", summary="The controllers and their last reports")
def list_controllers(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[ControllerOut]:
    """By id."""
    with call.read() as conn:
        return part_of(map(ControllerOut.model_validate, gates.list_controllers(conn)), after, limit, lambda c: c.id)


@router.get("/{controller_id}", summary="One controller", response_model=ControllerOut)
def get_controller(controller_id: Slug, call: Look) -> Response:
    """With its last report."""
    with call.read() as conn:
        return call.show(ControllerOut.model_validate(gates.get_controller(conn, controller_id)))


@router.post("", summary="Set up a controller with its portals", status_code=201, response_model=ControllerOut)
def add_controller(body: ControllerIn, call: Configure) -> Response:
    """It hears nothing before it is enrolled."""
    portals = [portal.portal() for portal in body.portals]
    return call.write(
        lambda uow: ControllerOut.model_validate(
            gates.add_controller(uow, id=body.id, name=body.name, portals=portals)
        ),
        status=201,
    )


@router.delete("/{controller_id}", summary="Take a controller out of the site", response_model=ControllerOut)
def remove_controller(controller_id: Slug, call: Configure) -> Response:
    """With its portals; refused while a guard post needs one. The answer is the controller as it was."""
    wired = call.house.portals.wired()
    return call.write(lambda uow: ControllerOut.model_validate(gates.remove_controller(uow, controller_id, wired)))


@router.post("/{controller_id}/enrol", summary="Hand out the provisioning file", response_model=ProvisioningOut)
def enrol(controller_id: Slug, call: Configure) -> Response:
    """Once: enrolling again makes new credentials. A repeat under the same `Idempotency-Key` gets the same file."""
    return call.write(
        lambda uow: ProvisioningOut.model_validate(enrolment.enrol(call.house, uow, controller_id)), secret=True
    )


@router.post("/{controller_id}/resync", summary="Let a controller read its lists again", response_model=ResyncedOut)
async def resync(controller_id: Slug, call: Configure) -> Response:
    """From the base on, as if it were empty; the old lists stay in force until the new ones are whole."""

    async def resynced() -> ResyncedOut:
        await to_thread.run_sync(_check, call, controller_id)
        await acts.command(call.house, controller_id, "resync", None, call.caller.actor)
        return await to_thread.run_sync(_recorded, call, controller_id)

    return await call.once(resynced)


def _check(call: Call, controller_id: str) -> None:
    with call.read() as conn:
        gates.get_controller(conn, controller_id)


def _recorded(call: Call, controller_id: str) -> ResyncedOut:
    with call.house.store.write(call.caller.actor, request_id=request_id(call.request)) as uow:
        uow.record("controller.resync", f"controller:{controller_id}")
    return ResyncedOut(controller=controller_id)
