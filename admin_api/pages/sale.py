"""A unit is sold: says in advance whose rights and which cards end, then asks by naming the unit (R-CARD-19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Response

from admin_api import roles
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.person import Proof, Relation
from gateway.services import occupancy
from gateway.services.cards import CardView
from gateway.services.household import HouseholdView, OccupantView
from gateway.storage.store import UnitOfWork

PROOFS: Final = (Proof.OWNER_FILE, Proof.APPLICATION, Proof.LETTER)
"""What shows that someone bought a unit."""

routes = router()
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]


@dataclass(frozen=True, slots=True)
class Ending:
    """What a sale ends, and whose lease goes on."""

    leaving: tuple[OccupantView, ...]
    cards: tuple[CardView, ...]
    staying: tuple[OccupantView, ...]


def ending(sheet: HouseholdView, now: int) -> Ending:
    """As gateway.services.occupancy.transfer does it: all but tenants leave; a card goes with its holder."""
    staying = tuple(o for o in sheet.occupants if o.relation is Relation.TENANT)
    leaving = tuple(o for o in sheet.occupants if o.relation is not Relation.TENANT)
    gone = {o.person_id for o in leaving} - {o.person_id for o in staying if o.valid_until > now}
    return Ending(leaving, tuple(card for card in sheet.cards if card.holder_id in gone), staying)


@routes.get("/desk/units/{unit_id}/sale")
def ask(visit: Clerk, unit_id: int) -> Response:
    """Who buys, and what ends."""
    return _ask(visit, unit_id, Form())


@routes.post("/desk/units/{unit_id}/sale")
def sell(visit: Clerk, unit_id: int) -> Response:
    """The new owner goes on file, and the household changes, in one transaction."""
    values = texts(visit.form)
    try:
        owner = visit.write(lambda uow: _sell(uow, visit, unit_id, values))
    except GatehouseError as error:
        return _ask(visit, unit_id, visit.again(error))
    return see_other(f"/desk/units/{unit_id}?person={owner}")


def _sell(uow: UnitOfWork, visit: Visit, unit_id: int, values: Mapping[str, str]) -> int:
    keys = visit.house.keys
    if values.get("proof") not in PROOFS:
        raise MalformedError(N_("Say what proved the sale."), fields={"proof": N_("one of the list")})
    known = values.get("owner", "")
    sheet = occupancy.household(uow.conn, unit_id)
    if known and known not in {str(o.person_id) for o in sheet.occupants}:
        raise MalformedError(N_("Say who owns the unit now."), fields={"owner": N_("one of the list")})
    owner = int(known) if known else _new_person(uow, visit, values)
    occupancy.transfer(uow, keys, unit_id, new_owners=[owner], proof=Proof(values["proof"]))
    return owner


def _new_person(uow: UnitOfWork, visit: Visit, values: Mapping[str, str]) -> int:
    name, phone = values.get("name", ""), values.get("phone", "")
    return occupancy.add_person(
        uow, visit.house.keys, name=name, phone=phone, id_number=values.get("id_number") or None
    ).id


def _ask(visit: Visit, unit_id: int, form: Form) -> Response:
    with visit.read() as conn:
        sheet = occupancy.household(conn, unit_id)
    return visit.render(
        "desk/sale.html",
        status=422 if form.sentence else 200,
        here="desk",
        unit=sheet.unit,
        people=sheet.occupants,
        ending=ending(sheet, visit.now),
        proofs=PROOFS,
        form=form,
    )
