"""Who belongs to a unit decides who may enter, and whatever ends that ends their cards."""

import pytest
from sqlalchemy import select

from gateway.domain.card import CardState
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError, StaleError
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation
from gateway.services import events, occupancy
from gateway.storage.tables import journal, people
from tests.gateway.services.small_compound import DAY, OTHER_UID, UID, Compound, uid


def refusal(rule: str) -> "pytest.RaisesExc[RuleViolationError]":
    return pytest.raises(RuleViolationError, check=lambda error: error.rule == rule)


def test_a_unit_is_named_once_and_well(compound: Compound) -> None:
    with compound.desk() as uow:
        unit = occupancy.add_unit(uow, code=" 2-1-101 ", areas=("b1",))
    assert (unit.building, unit.entrance, unit.room, unit.areas) == ("2", "1", "101", ("b1",))
    with compound.desk() as uow, pytest.raises(ConflictError):
        occupancy.add_unit(uow, code="2-1-101")
    with compound.desk() as uow, pytest.raises(MalformedError):
        occupancy.add_unit(uow, code="2-101")
    with compound.desk() as uow, pytest.raises(NotFoundError):
        occupancy.add_unit(uow, code="2-1-102", areas=("b9",))


def test_a_unit_is_handed_over_once_and_not_in_the_future(compound: Compound) -> None:
    with compound.desk() as uow, pytest.raises(MalformedError):
        occupancy.hand_over(uow, compound.new_unit, uow.now + 1)
    with compound.desk() as uow:
        occupancy.hand_over(uow, compound.new_unit, uow.now)
    with compound.desk() as uow, pytest.raises(ConflictError, match="3-1-601 was handed over on 2025-10-09"):
        occupancy.hand_over(uow, compound.new_unit, uow.now)


def test_a_tenant_needs_a_lease_with_an_end(compound: Compound) -> None:
    """R-CARD-4."""
    tenant = compound.person("孙悦")
    for proof, until in ((Proof.OWNER_FILE, int(compound.clock.now) + DAY), (Proof.LEASE, None)):
        with compound.desk() as uow, refusal("R-CARD-4"):
            occupancy.add_occupant(
                uow,
                compound.keys,
                unit_id=compound.unit,
                person_id=tenant,
                relation=Relation.TENANT,
                proof=proof,
                valid_until=until,
            )
    assert compound.let(tenant).relation is Relation.TENANT


def test_a_tenant_without_the_owners_word_has_no_rights(compound: Compound) -> None:
    """R-CARD-4: a card for another home does not open this one until the owner agrees."""
    other = compound.unit_of("1-1-101", "b1")
    tenant = compound.person("孙悦")
    compound.settle(tenant, Relation.OWNER, unit=other)
    compound.issue(person=tenant, unit=other)
    waiting = compound.let(tenant, consent=False)
    assert "b3" not in compound.opens(UID)
    with compound.desk() as uow, refusal("R-CARD-4"):
        occupancy.record_consent(uow, compound.keys, waiting.id, Consent(tenant, Proof.PHONE_TO_OWNER, uow.now))
    with compound.desk() as uow:
        agreed = Consent(compound.li_na, Proof.PHONE_TO_OWNER, uow.now)
        assert occupancy.record_consent(uow, compound.keys, waiting.id, agreed).consent == agreed
    assert "b3" in compound.opens(UID)


def test_family_by_phone_names_the_owner_who_was_called(compound: Compound) -> None:
    """R-CARD-2."""
    mother = compound.person("赵秀英")

    def add(proof: Proof, consent: Consent | None = None) -> occupancy.OccupantView:
        with compound.desk() as uow:
            return occupancy.add_occupant(
                uow,
                compound.keys,
                unit_id=compound.unit,
                person_id=mother,
                relation=Relation.FAMILY,
                proof=proof,
                consent=consent,
            )

    with refusal("R-CARD-2"):
        add(Proof.PHONE_TO_OWNER)
    with refusal("R-CARD-2"):
        add(Proof.APPLICATION)
    called = Consent(compound.li_na, Proof.PHONE_TO_OWNER, int(compound.clock.now))
    assert add(Proof.PHONE_TO_OWNER, called).consent == called


def test_nobody_is_on_file_twice(compound: Compound) -> None:
    with pytest.raises(ConflictError, match="李娜 is on file for 3-1-502 as owner since 2025-10-09"):
        compound.settle(compound.li_na, Relation.OWNER)


def test_dates_run_forward(compound: Compound) -> None:
    with pytest.raises(MalformedError):
        compound.let(compound.person("孙悦"), days=0)


def test_moving_out_ends_the_card_of_this_unit_only(compound: Compound) -> None:
    """R-CARD-19."""
    other = compound.unit_of("1-1-101", "b1")
    compound.settle(compound.li_na, Relation.OWNER, unit=other)
    here, there = compound.issue(UID), compound.issue(OTHER_UID, unit=other)
    assert compound.opens(OTHER_UID) == {"compound", "garage", "b1", "b3"}
    with compound.store.read() as conn:
        home = occupancy.household(conn, compound.unit).occupants[0]
    with compound.desk() as uow:
        occupancy.end_occupancy(uow, compound.keys, home.id, "moved to building 1")
    assert compound.card(here.id).state is CardState.CANCELLED
    assert compound.card(there.id).state is CardState.ACTIVE
    assert compound.opens(UID) == set()
    assert compound.opens(OTHER_UID) == {"compound", "garage", "b1"}


def test_nobody_moves_out_twice_or_for_arrears(compound: Compound) -> None:
    """R-CARD-25."""
    spouse = compound.settle(compound.person("王建军"))
    with compound.desk() as uow, refusal("R-CARD-25"):
        occupancy.end_occupancy(uow, compound.keys, spouse.id, "欠费")
    with compound.desk() as uow:
        occupancy.end_occupancy(uow, compound.keys, spouse.id, "moved out")
    with compound.desk() as uow, pytest.raises(ConflictError, match="has left 3-1-502"):
        occupancy.end_occupancy(uow, compound.keys, spouse.id, "moved out")


def test_a_sale_ends_the_whole_old_household(compound: Compound) -> None:
    """R-CARD-19: lost and frozen cards too."""
    spouse, buyer = compound.person("王建军"), compound.person("高磊")
    compound.settle(spouse)
    old = [compound.issue(UID), compound.issue(uid(2), person=spouse)]
    with compound.desk() as uow:
        occupancy.transfer(uow, compound.keys, compound.unit, new_owners=[buyer], proof=Proof.OWNER_FILE)
    assert [compound.card(card.id).state for card in old] == [CardState.CANCELLED] * 2
    assert all(len(whitelist) == 0 for whitelist in compound.lists().values())
    with compound.store.read() as conn:
        living = occupancy.household(conn, compound.unit).occupants
    assert [(o.name, o.relation) for o in living] == [("高磊", Relation.OWNER)]
    assert compound.issue(uid(3), person=buyer).holder == "高磊"


def test_a_lease_outlives_a_sale(compound: Compound) -> None:
    """R-CARD-19, edge case 21: the tenant stays in, the desk is told to ask the new owner."""
    tenant, buyer = compound.person("孙悦"), compound.person("高磊")
    compound.let(tenant)
    card = compound.issue(person=tenant, proof=Proof.LEASE)
    with compound.desk() as uow:
        occupancy.transfer(uow, compound.keys, compound.unit, new_owners=[buyer], proof=Proof.OWNER_FILE)
    assert compound.card(card.id).state is CardState.ACTIVE
    assert compound.opens(UID) == {"compound", "b3"}
    with compound.store.read() as conn:
        due = occupancy.household(conn, compound.unit, int(compound.clock.now)).due
    assert "Ask a present owner to agree to 孙悦." in [str(item) for item in due]


def test_a_sale_names_the_buyers(compound: Compound) -> None:
    with compound.desk() as uow, pytest.raises(MalformedError):
        occupancy.transfer(uow, compound.keys, compound.unit, new_owners=[], proof=Proof.OWNER_FILE)


def test_names_and_phones_stand_apart_from_the_record(compound: Compound) -> None:
    """Failures 4.7: the chained journal carries ids only."""
    with compound.desk() as uow:
        someone = occupancy.add_person(
            uow, compound.keys, name="韩梅梅", phone="139-1111-2222", id_number="110101199001011234"
        )
    with compound.desk() as uow:
        occupancy.edit_person(uow, compound.keys, someone.id, phone="139-1111-3333")
    with compound.store.read() as conn:
        bodies = " ".join(conn.execute(select(journal.c.body)).scalars())
        audit = events.audit(conn, target=f"person:{someone.id}", pii=True)
        row = conn.execute(select(people).where(people.c.id == someone.id)).one()
    assert all(word not in bodies for word in ("韩梅梅", "1111", "110101"))
    assert audit[0].pii == {"name": "韩梅梅", "phone": "139-1111-2222"}
    assert audit[1].pii["after"]["phone"] == "139-1111-3333"
    assert (row.phone_tail, row.id_last4, len(row.id_hash)) == ("3333", "1234", 32)


def test_an_edit_of_what_someone_else_changed_is_refused(compound: Compound) -> None:
    with compound.desk() as uow:
        occupancy.edit_person(uow, compound.keys, compound.li_na, name="李 娜", rev=1)
    with compound.desk() as uow, pytest.raises(StaleError):
        occupancy.edit_person(uow, compound.keys, compound.li_na, name="李娜", rev=1)


@pytest.mark.parametrize(("name", "phone"), [("", ""), ("李娜", "12"), ("李" * 81, "")])
def test_a_person_has_a_name_and_a_plausible_phone(compound: Compound, name: str, phone: str) -> None:
    with compound.desk() as uow, pytest.raises(MalformedError):
        occupancy.add_person(uow, compound.keys, name=name, phone=phone)
