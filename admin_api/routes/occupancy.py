"""Units, people and households: what ends a basis ends the rights at every gate, in the same transaction."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from admin_api.mutations import Call, reads, writes
from admin_api.roles import CONFIGURE, DESK, DESK_READ, MONEY
from admin_api.schemas.base import AfterId, Limit, Page, RowId, Search, page_of, seconds
from admin_api.schemas.occupancy import (
    ArrearsIn,
    ConsentIn,
    EndIn,
    HandoverIn,
    HitOut,
    HitsOut,
    HouseholdOut,
    OccupantIn,
    OccupantOut,
    PersonEdit,
    PersonIn,
    PersonOut,
    TransferIn,
    UnitIn,
    UnitOut,
)
from gateway.services import occupancy
from gateway.services.household import OccupantView, UnitView
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["occupancy"])

Look = Annotated[Call, Depends(reads(DESK_READ))]
Desk = Annotated[Call, Depends(writes(DESK))]
Configure = Annotated[Call, Depends(writes(CONFIGURE))]
Money = Annotated[Call, Depends(writes(MONEY))]


@router.get("/search", summary="Who stands here", response_model=HitsOut)
def search(call: Look, text: Annotated[Search, Query(min_length=1)], limit: Limit = 20) -> Response:
    """By unit, name, last four digits of a phone, card number or plate."""
    with call.read() as conn:
        return call.show(HitsOut(items=[HitOut.model_validate(hit) for hit in occupancy.search(conn, text, limit)]))


@router.get("/units", summary="The units")
def list_units(call: Look, after: AfterId = 0, limit: Limit = 100, text: Search = "") -> Page[UnitOut]:
    """Those whose code begins with `text`; all of them without."""
    with call.read() as conn:
        found = occupancy.find_units(conn, text, limit + 1, after=after)
    return page_of([UnitOut.model_validate(unit) for unit in found], limit, lambda unit: unit.id)


@router.post("/units", summary="Add a unit", status_code=201, response_model=UnitOut)
def add_unit(body: UnitIn, call: Configure) -> Response:
    """With the areas that are its own, besides the common ones."""
    return call.write(lambda uow: _unit(occupancy.add_unit(uow, code=body.code, areas=body.areas)), status=201)


@router.get("/units/{unit_id}", summary="One unit", response_model=UnitOut)
def get_unit(unit_id: RowId, call: Look) -> Response:
    """With the entity tag an edit may be guarded by."""
    with call.read() as conn:
        return call.show(_unit(occupancy.get_unit(conn, unit_id)))


@router.get("/units/{unit_id}/household", summary="A household on one sheet", response_model=HouseholdOut)
def household(unit_id: RowId, call: Look) -> Response:
    """People, cards, slips, and what is due."""
    with call.read() as conn:
        sheet = occupancy.household(conn, unit_id, call.now)
    return call.show(HouseholdOut.of(sheet, masked=_masked(call)))


@router.post("/units/{unit_id}/handover", summary="Hand a unit over", response_model=UnitOut)
def hand_over(unit_id: RowId, body: HandoverIn, call: Desk) -> Response:
    """From now on cards can be issued (R-CARD-1)."""
    on = seconds(body.on)
    return _edit_unit(call, unit_id, lambda uow: occupancy.hand_over(uow, unit_id, uow.now if on is None else on))


@router.post("/units/{unit_id}/transfer", summary="A unit was sold", response_model=UnitOut)
def transfer(unit_id: RowId, body: TransferIn, call: Desk) -> Response:
    """The old household's rights and cards end, the new owners' begin (R-CARD-19)."""
    keys = call.house.keys
    return _edit_unit(
        call,
        unit_id,
        lambda uow: occupancy.transfer(uow, keys, unit_id, new_owners=body.new_owners, proof=body.proof),
    )


@router.put("/units/{unit_id}/arrears", summary="Say whether fees are open", response_model=UnitOut)
def set_arrears(unit_id: RowId, body: ArrearsIn, call: Money) -> Response:
    """Advice for the desk; it closes no door (R-CARD-25)."""
    return _edit_unit(call, unit_id, lambda uow: occupancy.set_arrears(uow, unit_id, arrears=body.arrears))


@router.get("/units/{unit_id}/occupants", summary="Who belongs to a unit")
def list_occupants(unit_id: RowId, call: Look, after: AfterId = 0, limit: Limit = 100) -> Page[OccupantOut]:
    """Those who have not left."""
    with call.read() as conn:
        living = [o for o in occupancy.household(conn, unit_id).occupants if o.id > after]
    shown = [OccupantOut.of(occupant, masked=_masked(call)) for occupant in living[: limit + 1]]
    return page_of(shown, limit, lambda occupant: occupant.id)


@router.post(
    "/units/{unit_id}/occupants", summary="Add someone to a household", status_code=201, response_model=OccupantOut
)
def add_occupant(unit_id: RowId, body: OccupantIn, call: Desk) -> Response:
    """A tenant or helper without consent waits for an owner and has no rights until then."""

    def added(uow: UnitOfWork) -> OccupantOut:
        return _occupant(
            occupancy.add_occupant(
                uow,
                call.house.keys,
                unit_id=unit_id,
                person_id=body.person_id,
                relation=body.relation,
                proof=body.proof,
                valid_from=seconds(body.valid_from),
                valid_until=seconds(body.valid_until),
                consent=None if body.consent is None else body.consent.consent(),
            )
        )

    return call.write(added, status=201)


@router.post("/occupants/{occupant_id}/consent", summary="An owner agreed", response_model=OccupantOut)
def consent(occupant_id: RowId, body: ConsentIn, call: Desk) -> Response:
    """The rights of the tenant or helper begin."""
    keys, agreed = call.house.keys, body.consent()
    return call.write(lambda uow: _occupant(occupancy.record_consent(uow, keys, occupant_id, agreed)))


@router.post("/occupants/{occupant_id}/end", summary="Someone moved out", response_model=OccupantOut)
def end_occupancy(occupant_id: RowId, body: EndIn, call: Desk) -> Response:
    """The basis ends, and with it the cards for this unit (R-CARD-19)."""
    keys = call.house.keys
    return call.write(lambda uow: _occupant(occupancy.end_occupancy(uow, keys, occupant_id, body.reason)))


@router.post("/people", summary="Put someone on file", status_code=201, response_model=PersonOut)
def add_person(body: PersonIn, call: Desk) -> Response:
    """Of the identity document a keyed hash and the last four characters are kept."""
    return call.write(
        lambda uow: PersonOut.of(occupancy.add_person(uow, call.house.keys, **body.model_dump()), masked=False),
        status=201,
    )


@router.get("/people/{person_id}", summary="Someone on file", response_model=PersonOut)
def get_person(person_id: RowId, call: Look) -> Response:
    """Who may not change a person sees the phone masked."""
    with call.read() as conn:
        return call.show(PersonOut.of(occupancy.get_person(conn, person_id), masked=_masked(call)))


@router.patch("/people/{person_id}", summary="Change what is on file", response_model=PersonOut)
def edit_person(person_id: RowId, body: PersonEdit, call: Desk) -> Response:
    """What is left out stays."""
    keys = call.house.keys
    return call.write(
        lambda uow: PersonOut.of(occupancy.edit_person(uow, keys, person_id, **body.model_dump()), masked=False),
        current=lambda conn: PersonOut.of(occupancy.get_person(conn, person_id), masked=False),
    )


def _masked(call: Call) -> bool:
    return not call.caller.may(DESK)


def _edit_unit(call: Call, unit_id: int, act: Callable[[UnitOfWork], UnitView]) -> Response:
    """One change of one unit, guarded by ``If-Match`` when it was sent."""

    def current(conn: Connection) -> UnitOut:
        return _unit(occupancy.get_unit(conn, unit_id))

    return call.write(lambda uow: _unit(act(uow)), current=current)


def _unit(view: UnitView) -> UnitOut:
    return UnitOut.model_validate(view)


def _occupant(view: OccupantView) -> OccupantOut:
    return OccupantOut.of(view, masked=False)
