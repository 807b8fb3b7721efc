"""A household changes: handover, someone moves in, an owner agrees, someone moves out."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Response

from admin_api import roles
from admin_api.pages.forms import Form, day_end, day_start, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation
from gateway.services import occupancy
from gateway.services.household import OccupantView, UnitView, occupant_of
from gateway.storage.store import UnitOfWork

routes = router()
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]


@routes.get("/desk/units/{unit_id}/handover")
def ask_hand_over(visit: Clerk, unit_id: int) -> Response:
    """When the owner took possession."""
    return _ask_hand_over(visit, unit_id, Form())


@routes.post("/desk/units/{unit_id}/handover")
def hand_over(visit: Clerk, unit_id: int) -> Response:
    """From now on cards can be issued (R-CARD-1)."""
    values = texts(visit.form)
    try:
        on = day_start(values, "on", visit.zone)
        visit.write(lambda uow: occupancy.hand_over(uow, unit_id, visit.now if on is None else on))
    except GatehouseError as error:
        return _ask_hand_over(visit, unit_id, visit.again(error))
    return see_other(f"/desk/units/{unit_id}")


def _ask_hand_over(visit: Visit, unit_id: int, form: Form) -> Response:
    with visit.read() as conn:
        unit = occupancy.get_unit(conn, unit_id)
    today = visit.today.isoformat()
    return visit.render("desk/handover.html", status=_status(form), here="desk", unit=unit, form=form, today=today)


@routes.get("/desk/units/{unit_id}/people")
def ask_person(visit: Clerk, unit_id: int) -> Response:
    """Who moves in."""
    return _ask_person(visit, unit_id, Form())


@routes.post("/desk/units/{unit_id}/people")
def add_person(visit: Clerk, unit_id: int) -> Response:
    """Puts someone on file and into the household, in one transaction."""
    values = texts(visit.form)
    try:
        person_id = visit.write(lambda uow: _move_in(uow, visit, unit_id, values))
    except GatehouseError as error:
        return _ask_person(visit, unit_id, visit.again(error))
    return see_other(f"/desk/units/{unit_id}?person={person_id}")


def _move_in(uow: UnitOfWork, visit: Visit, unit_id: int, values: Mapping[str, str]) -> int:
    keys = visit.house.keys
    relation, proof = _relation(values), _proof(values)
    person = occupancy.add_person(
        uow, keys, name=values.get("name", ""), phone=values.get("phone", ""), id_number=values.get("id_number") or None
    )
    occupancy.add_occupant(
        uow,
        keys,
        unit_id=unit_id,
        person_id=person.id,
        relation=relation,
        proof=proof,
        valid_until=day_end(values, "lease_end", visit.zone),
        consent=_consent(values, uow.now),
    )
    return person.id


def _relation(values: Mapping[str, str]) -> Relation:
    try:
        return Relation(values.get("relation", ""))
    except ValueError:
        raise MalformedError(
            N_("Say how this person belongs here."), fields={"relation": N_("one of the list")}
        ) from None


def _proof(values: Mapping[str, str]) -> Proof:
    try:
        return Proof(values.get("proof", ""))
    except ValueError:
        raise MalformedError(N_("Say what proved who this is."), fields={"proof": N_("one of the list")}) from None


def _consent(values: Mapping[str, str], now: int) -> Consent | None:
    """Which owner agreed, and how; None while nobody has."""
    by = values.get("consent_by", "")
    if not by.isdecimal():
        return None
    method = values.get("consent_method", "")
    return Consent(int(by), Proof(method) if method in set(Proof) else Proof.PHONE_TO_OWNER, now)


def _ask_person(visit: Visit, unit_id: int, form: Form) -> Response:
    with visit.read() as conn:
        sheet = occupancy.household(conn, unit_id)
    owners = [person for person in sheet.occupants if person.relation is Relation.OWNER]
    return visit.render(
        "desk/person.html", status=_status(form), here="desk", unit=sheet.unit, owners=owners, form=form
    )


@routes.get("/desk/occupants/{occupant_id}/consent")
def ask_consent(visit: Clerk, occupant_id: int) -> Response:
    """Which owner agreed."""
    return _ask_consent(visit, occupant_id, Form())


@routes.post("/desk/occupants/{occupant_id}/consent")
def consent(visit: Clerk, occupant_id: int) -> Response:
    """The tenant's or helper's rights begin (R-CARD-4)."""
    values = texts(visit.form)
    try:
        agreed = _consent(values, visit.now)
        if agreed is None:
            raise MalformedError(N_("Say which owner agreed."), fields={"consent_by": N_("an owner of the unit")})
        occupant = visit.write(lambda uow: occupancy.record_consent(uow, visit.house.keys, occupant_id, agreed))
    except GatehouseError as error:
        return _ask_consent(visit, occupant_id, visit.again(error))
    return see_other(f"/desk/units/{occupant.unit_id}?person={occupant.person_id}")


def _ask_consent(visit: Visit, occupant_id: int, form: Form) -> Response:
    occupant, unit, owners = _occupant(visit, occupant_id)
    return visit.render(
        "desk/consent.html", status=_status(form), here="desk", occupant=occupant, unit=unit, owners=owners, form=form
    )


@routes.get("/desk/occupants/{occupant_id}/end")
def ask_end(visit: Clerk, occupant_id: int) -> Response:
    """Asks by naming who moves out."""
    return _ask_end(visit, occupant_id, Form())


@routes.post("/desk/occupants/{occupant_id}/end")
def end(visit: Clerk, occupant_id: int) -> Response:
    """The basis ends, and with it the cards (R-CARD-19)."""
    reason = texts(visit.form).get("reason", "")
    try:
        occupant = visit.write(lambda uow: occupancy.end_occupancy(uow, visit.house.keys, occupant_id, reason))
    except GatehouseError as error:
        return _ask_end(visit, occupant_id, visit.again(error))
    return see_other(f"/desk/units/{occupant.unit_id}")


def _ask_end(visit: Visit, occupant_id: int, form: Form) -> Response:
    occupant, unit, _owners = _occupant(visit, occupant_id)
    return visit.render("desk/end.html", status=_status(form), here="desk", occupant=occupant, unit=unit, form=form)


def _occupant(visit: Visit, occupant_id: int) -> tuple[OccupantView, UnitView, list[OccupantView]]:
    with visit.read() as conn:
        occupant = occupant_of(conn, occupant_id)
        sheet = occupancy.household(conn, occupant.unit_id)
    return occupant, sheet.unit, [person for person in sheet.occupants if person.relation is Relation.OWNER]


def _status(form: Form) -> int:
    return 422 if form.sentence else 200
