"""Units and who lives in them: handover, household, transfer.

Whatever ends someone's basis ends their rights at every gate in the same transaction.
"""

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from gateway.domain.card import HELD, CardEvent, CardState
from gateway.domain.entitlement import BasisKind
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError, StaleError
from gateway.domain.issuance import Consent, check_lease, check_proof, check_reason
from gateway.domain.person import Proof, Relation
from gateway.domain.unit import parse_unit_code
from gateway.domain.whitelist import NO_END
from gateway.services import projection
from gateway.services.card_changes import advance
from gateway.services.clockwork import day_of
from gateway.services.household import (
    DueItem,
    HouseholdView,
    OccupantView,
    PersonView,
    SlipLine,
    UnitView,
    find_units,
    get_person,
    get_unit,
    household,
    occupant_of,
    unit_by_code,
)
from gateway.services.keys import Keys
from gateway.services.people_search import Hit, search
from gateway.services.site import get_area
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, occupants, people, units

_ENDED_BY_MOVING: Final = HELD - {CardState.RESERVED}
"""Cards that end with the household; one that is still being written is refused at its end."""

__all__ = [
    "DueItem",
    "Hit",
    "HouseholdView",
    "OccupantView",
    "PersonView",
    "SlipLine",
    "UnitView",
    "add_occupant",
    "add_person",
    "add_unit",
    "edit_person",
    "end_occupancy",
    "find_units",
    "get_person",
    "get_unit",
    "hand_over",
    "household",
    "record_consent",
    "search",
    "set_arrears",
    "transfer",
    "unit_by_code",
]


# --- Units ----------------------------------------------------------------------------------------


def add_unit(uow: UnitOfWork, *, code: str, areas: Sequence[str] = ()) -> UnitView:
    """A unit by its code (``3-1-502``) and the areas that are its own, besides the common ones."""
    parsed = parse_unit_code(code)
    if uow.conn.execute(select(units.c.id).where(units.c.code == str(parsed))).first() is not None:
        raise ConflictError("There already is a unit %(code)s.", code=str(parsed), fields={"code": "taken"})
    for area in areas:
        get_area(uow.conn, area)
    row = {"code": str(parsed), **parsed._asdict(), "areas": list(areas)}
    unit_id = uow.conn.execute(insert(units).values(**row, arrears=False).returning(units.c.id)).scalar_one()
    uow.record("unit.added", f"unit:{unit_id}", row)
    return get_unit(uow.conn, unit_id)


def hand_over(uow: UnitOfWork, unit_id: int, on: int) -> UnitView:
    """The owner took possession (at ``on``, unix seconds): from now on cards can be issued (R-CARD-1)."""
    unit = _lock_unit(uow, unit_id)
    if unit.handed_over_at is not None:
        raise ConflictError(
            "%(unit)s was handed over on %(on)s already.", unit=unit.code, on=day_of(uow.conn, unit.handed_over_at)
        )
    if on > uow.now:
        raise MalformedError("A handover is recorded when it happened.", fields={"on": "not in the future"})
    uow.conn.execute(update(units).where(units.c.id == unit_id).values(handed_over_at=on, rev=unit.rev + 1))
    uow.record("unit.handed_over", f"unit:{unit_id}", {"on": on})
    return get_unit(uow.conn, unit_id)


def set_arrears(uow: UnitOfWork, unit_id: int, *, arrears: bool) -> UnitView:
    """What billing says. It is shown as advice and closes no door (R-CARD-25)."""
    unit = _lock_unit(uow, unit_id)
    uow.conn.execute(update(units).where(units.c.id == unit_id).values(arrears=arrears, rev=unit.rev + 1))
    uow.record("unit.arrears", f"unit:{unit_id}", {"before": unit.arrears, "after": arrears})
    return get_unit(uow.conn, unit_id)


def _lock_unit(uow: UnitOfWork, unit_id: int) -> Row[Any]:
    row = uow.conn.execute(select(units).where(units.c.id == unit_id).with_for_update()).first()
    if row is None:
        raise NotFoundError("There is no unit with the id %(id)s.", id=unit_id)
    return row


# --- People ---------------------------------------------------------------------------------------


def add_person(uow: UnitOfWork, keys: Keys, *, name: str, phone: str = "", id_number: str | None = None) -> PersonView:
    """Someone on file. Of the identity document only a keyed hash and the last four characters are kept."""
    row = {**_person_row(name, phone), **_id_row(keys, id_number)}
    person_id = uow.conn.execute(insert(people).values(row).returning(people.c.id)).scalar_one()
    uow.record("person.added", f"person:{person_id}", pii=_pii(row))
    return get_person(uow.conn, person_id)


def edit_person(
    uow: UnitOfWork,
    keys: Keys,
    person_id: int,
    *,
    name: str | None = None,
    phone: str | None = None,
    id_number: str | None = None,
    rev: int | None = None,
) -> PersonView:
    """Changes what is given; raises StaleError when ``rev`` is no longer the person's."""
    before = get_person(uow.conn, person_id)
    if rev is not None and rev != before.rev:
        raise StaleError("Someone else changed %(name)s meanwhile. Look again, then change it.", name=before.name)
    row = _person_row(before.name if name is None else name, before.phone if phone is None else phone)
    if id_number is not None:
        row |= _id_row(keys, id_number)
    uow.conn.execute(update(people).where(people.c.id == person_id).values(**row, rev=before.rev + 1))
    changed = {
        "fields": sorted(given for given, value in (("name", name), ("phone", phone), ("id", id_number)) if value)
    }
    pii = {"before": {"name": before.name, "phone": before.phone}, "after": _pii(row)}
    uow.record("person.edited", f"person:{person_id}", changed, pii=pii)
    return get_person(uow.conn, person_id)


def _person_row(name: str, phone: str) -> dict[str, object]:
    name, phone = unicodedata.normalize("NFKC", name).strip(), unicodedata.normalize("NFKC", phone).strip()
    fields = {}
    if not 1 <= len(name) <= 80:
        fields["name"] = "1 to 80 characters"
    digits = "".join(c for c in phone if c.isdigit())
    if phone and not (4 <= len(digits) <= 20 and len(phone) <= 32):
        fields["phone"] = "4 to 20 digits"
    if fields:
        raise MalformedError("A person needs a name, and a phone number if there is one.", fields=fields)
    return {"name": name, "phone": phone, "phone_tail": digits[-4:]}


def _id_row(keys: Keys, id_number: str | None) -> dict[str, object]:
    if not id_number:
        return {"id_hash": None, "id_last4": ""}
    plain = "".join(c for c in unicodedata.normalize("NFKC", id_number).upper() if c.isalnum())
    if not 4 <= len(plain) <= 32:
        raise MalformedError("An identity document has 4 to 32 characters.", fields={"id_number": "4 to 32 characters"})
    return {"id_hash": hmac.digest(keys.id_hash, plain.encode(), "sha256"), "id_last4": plain[-4:]}


def _pii(row: dict[str, object]) -> dict[str, object]:
    return {"name": row["name"], "phone": row["phone"]}


# --- Households -----------------------------------------------------------------------------------


def add_occupant(
    uow: UnitOfWork,
    keys: Keys,
    *,
    unit_id: int,
    person_id: int,
    relation: Relation,
    proof: Proof,
    valid_from: int | None = None,
    valid_until: int | None = None,
    consent: Consent | None = None,
) -> OccupantView:
    """Someone belongs to a household from now on (or ``valid_from``), until the end of the lease if there is one.

    A tenant needs a lease with an end (R-CARD-4). A tenant or helper without ``consent`` waits for an
    owner (:func:`record_consent`) and has no rights until then.
    """
    unit = _lock_unit(uow, unit_id)
    person = get_person(uow.conn, person_id)
    start, end = uow.now if valid_from is None else valid_from, NO_END if valid_until is None else valid_until
    check_lease(relation, proof, end)
    check_proof(relation, proof, consent)
    if end <= max(start, uow.now):
        raise MalformedError("It ends before it begins; check the dates.", fields={"valid_until": "a later day"})
    if consent is not None:
        _check_owner(uow, unit, consent)
    _refuse_twice(uow, unit, person, relation)
    basis = BasisKind.TENANCY if relation is Relation.TENANT else BasisKind.RESIDENCE
    row = {
        "unit_id": unit_id, "person_id": person_id, "relation": relation.value, "basis": basis.value,
        "valid_from": start, "valid_until": end, "proof": proof.value,
        "consent": None if consent is None else asdict(consent),
    }  # fmt: skip
    occupant_id = uow.conn.execute(insert(occupants).values(row).returning(occupants.c.id)).scalar_one()
    uow.record("occupant.added", f"unit:{unit_id}", {"occupant": occupant_id, **row})
    projection.project_person(uow, keys, person_id)
    return occupant_of(uow.conn, occupant_id)


def record_consent(uow: UnitOfWork, keys: Keys, occupant_id: int, consent: Consent) -> OccupantView:
    """A present owner agreed to a tenant or helper: their rights begin."""
    occupant = occupant_of(uow.conn, occupant_id)
    _check_owner(uow, _lock_unit(uow, occupant.unit_id), consent)
    uow.conn.execute(update(occupants).where(occupants.c.id == occupant_id).values(consent=asdict(consent)))
    body = {"occupant": occupant_id, "person": occupant.person_id, **asdict(consent)}
    uow.record("occupant.consent", f"unit:{occupant.unit_id}", body)
    projection.project_person(uow, keys, occupant.person_id)
    return occupant_of(uow.conn, occupant_id)


def _check_owner(uow: UnitOfWork, unit: Row[Any], consent: Consent) -> None:
    o = occupants.c
    owner = uow.conn.execute(
        select(o.id).where(
            o.unit_id == unit.id,
            o.person_id == consent.by,
            o.relation == Relation.OWNER.value,
            o.ended_at.is_(None),
        )
    ).first()
    if owner is None:
        raise RuleViolationError(
            "R-CARD-4",
            "Only an owner of %(unit)s can agree to this. Ask one of them.",
            unit=unit.code,
            fields={"consent": "an owner of the unit"},
        )


def _refuse_twice(uow: UnitOfWork, unit: Row[Any], person: PersonView, relation: Relation) -> None:
    o = occupants.c
    same = uow.conn.execute(
        select(o.valid_from).where(
            o.unit_id == unit.id,
            o.person_id == person.id,
            o.relation == relation.value,
            o.ended_at.is_(None),
            o.valid_until > uow.now,
        )
    ).first()
    if same is not None:
        raise ConflictError(
            "%(name)s is on file for %(unit)s as %(relation)s since %(since)s already. End that first, or leave it.",
            name=person.name,
            unit=unit.code,
            relation=relation,
            since=day_of(uow.conn, same.valid_from),
        )


def end_occupancy(uow: UnitOfWork, keys: Keys, occupant_id: int, reason: str) -> OccupantView:
    """Someone moved out: the basis ends, and with it the cards they had for this unit (R-CARD-19)."""
    text = check_reason(reason)
    occupant = occupant_of(uow.conn, occupant_id)
    _lock_unit(uow, occupant.unit_id)
    _end(uow, [occupant], text)
    _follow(uow, keys, occupant.unit_id, {occupant.person_id}, text)
    return occupant_of(uow.conn, occupant_id)


def transfer(uow: UnitOfWork, keys: Keys, unit_id: int, *, new_owners: Sequence[int], proof: Proof) -> UnitView:
    """The unit was sold: the old household's basis and cards end, the new owners' begins (R-CARD-19).

    A lease goes on under a new owner; further cards for the tenants wait for the new owner's word.
    """
    unit = _lock_unit(uow, unit_id)
    if not new_owners:
        raise MalformedError("Say who owns the unit now.", fields={"new_owners": "at least one"})
    leaving = [o for o in household(uow.conn, unit_id).occupants if o.relation is not Relation.TENANT]
    before = sorted(o.person_id for o in leaving if o.relation is Relation.OWNER)
    uow.record("unit.transferred", f"unit:{unit_id}", {"before": before, "after": list(new_owners)})
    _end(uow, leaving, "the unit was sold")
    uow.conn.execute(update(units).where(units.c.id == unit_id).values(rev=unit.rev + 1))
    _follow(uow, keys, unit_id, {o.person_id for o in leaving}, "the unit was sold")
    for person_id in new_owners:
        add_occupant(uow, keys, unit_id=unit_id, person_id=person_id, relation=Relation.OWNER, proof=proof)
    return get_unit(uow.conn, unit_id)


def _end(uow: UnitOfWork, leaving: Sequence[OccupantView], reason: str) -> None:
    for occupant in leaving:
        if occupant.ended_at is not None:
            raise ConflictError(
                "%(name)s has left %(unit)s on %(on)s already.",
                name=occupant.name,
                unit=occupant.unit,
                on=day_of(uow.conn, occupant.ended_at),
            )
        uow.conn.execute(update(occupants).where(occupants.c.id == occupant.id).values(ended_at=uow.now))
        body = {"occupant": occupant.id, "person": occupant.person_id, "relation": occupant.relation}
        uow.record("occupant.ended", f"unit:{occupant.unit_id}", {**body, "reason": reason})


def _follow(uow: UnitOfWork, keys: Keys, unit_id: int, person_ids: set[int], reason: str) -> None:
    """Cancels the cards for this unit of those who no longer belong to it, and brings all their others up to date."""
    o, c = occupants.c, cards.c
    projection.lock_people(uow.conn, person_ids)
    staying = set(
        uow.conn.execute(
            select(o.person_id).where(o.unit_id == unit_id, o.ended_at.is_(None), o.valid_until > uow.now)
        ).scalars()
    )
    held = uow.conn.execute(
        select(c.id, c.holder_id, c.unit_id, c.state).where(c.holder_id.in_(person_ids)).order_by(c.holder_id, c.id)
    ).all()
    for card in held:
        if card.unit_id == unit_id and card.holder_id not in staying and card.state in _ENDED_BY_MOVING:
            advance(uow, card.id, CardEvent.CANCEL, why={"reason": reason})
    projection.project_cards(uow, keys, [card.id for card in held])
