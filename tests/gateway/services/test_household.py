"""A household's sheet shows its people, cards and what is due soon."""

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.person import Proof, Relation
from gateway.services import cards, household, occupancy
from gateway.services.cards import Channel
from tests.gateway.services.small_compound import DAY, UID, Compound, uid


def due(compound: Compound, unit: int | None = None) -> list[str]:
    with compound.store.read() as conn:
        return [str(item) for item in household.household(conn, unit or compound.unit, int(compound.clock.now)).due]


def test_the_sheet_has_people_and_the_cards_they_hold(compound: Compound) -> None:
    kept, gone = compound.issue(UID), compound.issue(uid(2))
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, gone.id, reason="broken")
    with compound.store.read() as conn:
        sheet = household.household(conn, compound.unit)
    assert [(o.name, o.relation) for o in sheet.occupants] == [("李娜", Relation.OWNER)]
    assert [card.id for card in sheet.cards] == [kept.id]
    assert (sheet.slips, sheet.due) == ([], [])


def test_a_quiet_household_has_nothing_due(compound: Compound) -> None:
    compound.issue()
    assert due(compound) == []


def test_a_missing_handover_is_due(compound: Compound) -> None:
    assert due(compound, compound.new_unit) == ["The handover is not recorded yet."]


def test_arrears_are_advice(compound: Compound) -> None:
    with compound.desk() as uow:
        occupancy.set_arrears(uow, compound.unit, arrears=True)
    assert due(compound) == ["Fees are open. Talk to the household; cards and doors stay as they are."]


def test_a_card_and_a_lease_near_their_end_are_due(compound: Compound) -> None:
    tenant = compound.person("孙悦")
    compound.let(tenant, days=20)
    compound.issue(person=tenant, proof=Proof.LEASE)
    assert due(compound) == ["The lease of 孙悦 ends on 2025-10-29.", "Card 0001 ends on 2025-10-29. Renew it."]
    compound.clock.step(21 * DAY)
    with compound.desk() as uow:
        cards.sweep(uow, compound.keys)
    assert due(compound) == [
        "The lease of 孙悦 ended on 2025-10-29.",
        "Card 0001 ended on 2025-10-29. Renew it or take it back.",
    ]


def test_a_loss_to_confirm_is_due(compound: Compound) -> None:
    card = compound.issue()
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, card.id, provisional=True, reporter="", channel=Channel.PHONE)
    assert due(compound) == ["Card 0001 was reported lost on 2025-10-09; confirm it at the desk."]


def test_a_waiting_consent_is_due(compound: Compound) -> None:
    compound.let(compound.person("孙悦"), consent=False)
    assert due(compound) == ["Ask a present owner to agree to 孙悦."]


def test_units_are_found_by_the_beginning_of_their_code(compound: Compound) -> None:
    with compound.store.read() as conn:
        assert [u.code for u in household.find_units(conn, "3-1")] == ["3-1-502", "3-1-601"]
        assert [u.code for u in household.find_units(conn, "3-1-6")] == ["3-1-601"]
        assert household.find_units(conn, "%") == []
        assert len(household.find_units(conn)) == 2
        assert household.unit_by_code(conn, "3-1-502").id == compound.unit
        with pytest.raises(NotFoundError):
            household.unit_by_code(conn, "9-9-999")


def test_the_homes_of_a_person(compound: Compound) -> None:
    other = compound.unit_of("1-1-101", "b1")
    compound.settle(compound.li_na, Relation.OWNER, unit=other)
    with compound.store.read() as conn:
        assert [home.unit for home in household.homes_of(conn, compound.li_na)] == ["3-1-502", "1-1-101"]
