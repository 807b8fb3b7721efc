"""Time alone ends cards and rights, and brings in what follows them."""

from gateway.domain.card import CardState
from gateway.domain.entitlement import BasisKind
from gateway.domain.person import Proof, Relation
from gateway.domain.whitelist import EXIT_ONLY
from gateway.services import occupancy, site
from gateway.services.sweep import sweep
from tests.gateway.services.small_compound import DAY, UID, Compound


def run(compound: Compound) -> int:
    with compound.desk() as uow:
        return sweep(uow, compound.keys)


def test_a_card_expires_on_the_day_and_not_before(compound: Compound) -> None:
    card = compound.issue(valid_until=int(compound.clock.now) + 10 * DAY)
    compound.clock.step(10 * DAY - 1)
    assert run(compound) == 0
    assert compound.card(card.id).state is CardState.ACTIVE
    compound.clock.step(1)
    assert run(compound) == 1
    assert compound.card(card.id).state is CardState.EXPIRED
    assert compound.opens(UID) == set()


def test_a_second_sweep_finds_nothing(compound: Compound) -> None:
    compound.issue(valid_until=int(compound.clock.now) + DAY)
    compound.clock.step(DAY)
    assert [run(compound), run(compound)] == [1, 0]


def test_the_end_of_a_lease_leaves_what_another_home_gives(compound: Compound) -> None:
    """A person with two homes: the tenancy ends, the ownership elsewhere goes on."""
    other = compound.unit_of("1-1-101", "b1")
    owner = compound.person("孙悦")
    compound.settle(owner, Relation.OWNER, unit=other)
    compound.let(owner, days=30)
    card = compound.issue(person=owner, unit=other)
    assert compound.opens(UID) == {"compound", "garage", "b1", "b3"}
    compound.clock.step(30 * DAY)
    run(compound)
    assert compound.opens(UID) == {"compound", "garage", "b1"}
    assert compound.card(card.id).state is CardState.ACTIVE


def test_a_piece_of_a_right_is_followed_by_the_next(compound: Compound) -> None:
    """A tenant who may only leave becomes an owner later: the entry changes when that time comes."""
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, common_areas=("compound",), flags=EXIT_ONLY)
    tenant = compound.person("孙悦")
    compound.let(tenant, days=20)
    compound.issue(person=tenant)
    with compound.desk() as uow:
        occupancy.add_occupant(
            uow,
            compound.keys,
            unit_id=compound.unit,
            person_id=tenant,
            relation=Relation.OWNER,
            proof=Proof.OWNER_FILE,
            valid_from=uow.now + 10 * DAY,
        )
    now = int(compound.clock.now)
    before = compound.terms(UID, "compound")
    assert before is not None
    assert (before.valid_until, before.flags) == (now + 10 * DAY, EXIT_ONLY)
    compound.clock.step(10 * DAY)
    run(compound)
    after = compound.terms(UID, "compound")
    assert after is not None
    assert (after.valid_from, after.flags) == (now + 10 * DAY, 0)
