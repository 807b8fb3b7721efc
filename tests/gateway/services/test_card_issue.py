"""A card is handed out only where every rule of the house agrees, and to one person at a time."""

import threading
from datetime import UTC, datetime

import pytest

from gateway.domain.card import CardState
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.identity import Identity
from gateway.domain.person import Proof, Relation
from gateway.services import card_views, cards, occupancy, site
from gateway.services.card_reserve import Handover, judge, take_card
from gateway.services.cards import Blank, CardView, Channel
from gateway.storage.store import SYSTEM
from tests.gateway.services.small_compound import CLERK, DAY, OTHER_UID, SUPERVISOR, UID, Compound, uid


def refusal(rule: str) -> "pytest.RaisesExc[RuleViolationError]":
    return pytest.raises(RuleViolationError, check=lambda error: error.rule == rule)


def test_an_issued_card_opens_the_common_areas_and_its_own_building(compound: Compound) -> None:
    card = compound.issue()
    assert card.state is CardState.ACTIVE
    assert (card.holder, card.unit, card.number) == ("李娜", "3-1-502", "0001")
    assert compound.opens(UID) == {"compound", "b3", "garage"}


def test_it_is_listed_as_every_reader_of_the_area_shows_it(compound: Compound) -> None:
    compound.issue()
    garage = compound.lists()["garage"]
    assert len(garage) == 2
    assert compound.keys.list(Identity.wiegand(24, 0x5630F0)) in garage


def test_no_card_before_the_handover(compound: Compound) -> None:
    """R-CARD-1."""
    compound.settle(compound.li_na, Relation.OWNER, unit=compound.new_unit)
    with refusal("R-CARD-1") as refused:
        compound.issue(unit=compound.new_unit)
    assert "3-1-601 has not been handed over yet" in str(refused.value)
    with compound.desk() as uow:
        occupancy.hand_over(uow, compound.new_unit, uow.now)
    assert compound.issue(unit=compound.new_unit).unit == "3-1-601"


def test_someone_not_on_file_gets_no_card(compound: Compound) -> None:
    """R-CARD-2."""
    stranger = compound.person("王建军")
    with refusal("R-CARD-2") as refused:
        compound.issue(person=stranger)
    assert str(refused.value) == ("王建军 is not on file for 3-1-502. Call the owner, then add them to the household.")
    compound.settle(stranger)
    assert compound.issue(person=stranger).holder == "王建军"


def test_nobody_without_a_file_and_no_unknown_unit(compound: Compound) -> None:
    with pytest.raises(NotFoundError):
        compound.issue(person=999)
    with pytest.raises(NotFoundError):
        compound.issue(unit=999)


def test_an_owners_card_is_valid_for_two_years_to_the_end_of_the_day(compound: Compound) -> None:
    """R-CARD-3; the clock stands at 2025-10-09 16:53 in Shanghai."""
    until = compound.issue().valid_until
    assert until is not None
    assert datetime.fromtimestamp(until, UTC).isoformat() == "2027-10-09T16:00:00+00:00"


def test_a_tenants_card_ends_with_the_year_or_with_the_lease(compound: Compound) -> None:
    """R-CARD-3."""
    short, long = compound.person("孙悦"), compound.person("钱多")
    lease = compound.let(short, days=200)
    compound.let(long, days=900)
    assert compound.issue(uid(1), person=short, proof=Proof.LEASE).valid_until == lease.valid_until
    until = compound.issue(uid(2), person=long, proof=Proof.LEASE).valid_until
    assert until is not None
    assert datetime.fromtimestamp(until, UTC).isoformat() == "2026-10-09T16:00:00+00:00"


def test_nobody_can_ask_for_more_than_the_rule_gives(compound: Compound) -> None:
    """R-CARD-3."""
    now = int(compound.clock.now)
    with refusal("R-CARD-3") as refused:
        compound.issue(valid_until=now + 800 * DAY)
    assert "until 2027-10-09 at the latest" in str(refused.value)
    with pytest.raises(MalformedError):
        compound.issue(valid_until=now)
    assert compound.issue(valid_until=now + 10 * DAY).valid_until == now + 10 * DAY


def test_a_tenant_waits_for_the_owners_word(compound: Compound) -> None:
    """R-CARD-4."""
    tenant = compound.person("孙悦")
    compound.let(tenant, consent=False)
    with refusal("R-CARD-4") as refused:
        compound.issue(person=tenant, proof=Proof.LEASE)
    assert "No present owner of 3-1-502 has agreed" in str(refused.value)


def test_a_former_owners_word_is_not_enough_for_a_new_card(compound: Compound) -> None:
    """R-CARD-4 after a sale."""
    tenant, buyer = compound.person("孙悦"), compound.person("高磊")
    compound.let(tenant)
    with compound.desk() as uow:
        occupancy.transfer(uow, compound.keys, compound.unit, new_owners=[buyer], proof=Proof.OWNER_FILE)
    with refusal("R-CARD-4"):
        compound.issue(person=tenant, proof=Proof.LEASE)


def test_the_quota_of_a_unit_holds_until_a_supervisor_goes_beyond_it(compound: Compound) -> None:
    """R-CARD-8."""
    with compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=2)
    compound.issue(uid(1))
    compound.issue(uid(2))
    with refusal("R-CARD-8") as refused:
        compound.issue(uid(3))
    assert str(refused.value).startswith("3-1-502 already holds 2 of 2 cards.")
    with compound.desk(CLERK) as uow, refusal("R-CARD-8"):
        issue_as(compound, uow, uid(3), beyond_quota=True)
    assert compound.issue(uid(3), beyond_quota=True).state is CardState.ACTIVE


def issue_as(compound: Compound, uow: object, card_uid: bytes, **more: object) -> CardView:
    form: dict[str, object] = {"proof": Proof.OWNER_FILE, "receipt": "R1", **more}
    return cards.issue(
        uow,  # type: ignore[arg-type]  # a unit of work of any actor
        compound.keys,
        unit_id=compound.unit,
        person_id=compound.li_na,
        uid=card_uid,
        **form,  # type: ignore[arg-type]  # the tests say what differs
    )


def test_a_cancelled_card_makes_room_again(compound: Compound) -> None:
    """R-CARD-8, the other side."""
    with compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=1)
    first = compound.issue(uid(1))
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, first.id, reason="given back")
    assert compound.issue(uid(2)).state is CardState.ACTIVE


def test_a_receipt_or_a_supervisors_waiver(compound: Compound) -> None:
    """R-CARD-10."""
    with refusal("R-CARD-10") as refused:
        compound.issue(receipt=None)
    assert refused.value.fields == {"receipt": "the receipt's number"}
    with compound.desk(CLERK) as uow, refusal("R-CARD-10"):
        issue_as(compound, uow, UID, receipt=None, waived=True)
    waived = compound.issue(receipt=None, waived=True)
    assert (waived.receipt, waived.waived_by) == (None, SUPERVISOR.id)


def test_a_uid_that_someone_holds_names_the_holder_and_the_day(compound: Compound) -> None:
    """R-CARD-12."""
    compound.issue()
    other = compound.unit_of("1-1-101", "b1")
    compound.settle(compound.li_na, Relation.OWNER, unit=other)
    with pytest.raises(ConflictError) as refused:
        compound.issue(unit=other)
    assert str(refused.value) == (
        "Card 0001 already belongs to 李娜, 3-1-502, since 2025-10-09. Return or cancel it there first."
    )


@pytest.mark.parametrize("state", ["lost", "frozen", "confiscated"])
def test_a_suspended_card_is_still_held(compound: Compound, state: str) -> None:
    """R-CARD-12."""
    card = compound.issue()
    with compound.desk() as uow:
        if state == "lost":
            cards.report_loss(uow, compound.keys, card.id, provisional=True, reporter="李娜", channel=Channel.PHONE)
        elif state == "frozen":
            cards.freeze(uow, compound.keys, card.id, reason="incident at the gate")
        else:
            cards.confiscate(uow, compound.keys, card.id, reason="used by someone else")
    with pytest.raises(ConflictError):
        compound.issue()


def test_two_cards_that_one_reader_cannot_tell_apart(compound: Compound) -> None:
    """R-CARD-12 behind Wiegand-26 readers: the second is refused and names the first; nothing of it stays."""
    first = compound.issue(bytes.fromhex("5630F009"))
    with pytest.raises(ConflictError, match=first.number):
        compound.issue(bytes.fromhex("5630F0AA"))
    with compound.store.read() as conn:
        assert cards.by_uid(conn, bytes.fromhex("5630F0AA")) is None
    assert compound.opens(bytes.fromhex("5630F0AA")) == set()


def test_a_uid_that_changes_at_every_tap_is_refused(compound: Compound) -> None:
    with refusal("R-CARD-12"):
        compound.issue(bytes.fromhex("08112233"))
    with pytest.raises(MalformedError):
        compound.issue(b"\x01\x02\x03")


def test_a_cancelled_uid_comes_back_only_through_the_stock(compound: Compound) -> None:
    """R-CARD-21."""
    card = compound.issue()
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card.id, reason="moved")
    with refusal("R-CARD-21") as refused:
        compound.issue()
    assert "Card 0001 is cancelled since 2025-10-09" in str(refused.value)
    with compound.desk() as uow:
        blank = cards.recover(uow, compound.keys, card.id)
    assert (blank.state, blank.holder) == (CardState.BLANK, None)
    assert compound.issue().id == card.id


def test_a_card_from_stock_keeps_its_printed_number(compound: Compound) -> None:
    with compound.desk() as uow:
        cards.stock_in(uow, [Blank("0901", OTHER_UID), Blank("0902")])
    assert compound.issue(OTHER_UID).number == "0901"
    unread = compound.issue(uid(5), number="0902")
    assert (unread.number, unread.uid) == ("0902", uid(5))


def test_the_wrong_card_on_the_encoder_is_noticed(compound: Compound) -> None:
    with compound.desk() as uow:
        cards.stock_in(uow, [Blank("0901", OTHER_UID)])
    with pytest.raises(ConflictError, match="The card on the encoder is 0901, not 0777"):
        compound.issue(OTHER_UID, number="0777")


def test_stock_refuses_what_is_known(compound: Compound) -> None:
    compound.issue(number="0901")
    with compound.desk() as uow, pytest.raises(ConflictError):
        cards.stock_in(uow, [Blank("0901")])
    with compound.desk() as uow, pytest.raises(ConflictError):
        cards.stock_in(uow, [Blank("0902", UID)])
    with compound.desk() as uow, pytest.raises(MalformedError):
        cards.stock_in(uow, [Blank("  ")])


def test_a_refused_issue_leaves_nothing_behind(compound: Compound) -> None:
    with compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=1)
    compound.issue(uid(1))
    with refusal("R-CARD-8"):
        compound.issue(uid(2))
    with compound.store.read() as conn:
        assert len(cards.list_cards(conn)) == 1


def test_a_lost_card_is_cancelled_before_its_replacement_opens(compound: Compound) -> None:
    """R-CARD-16."""
    old = compound.issue()
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, old.id, provisional=False, reporter="李娜", channel=Channel.DESK)
    with compound.desk() as uow:
        new = cards.replace(uow, compound.keys, old.id, uid=OTHER_UID, proof=Proof.OWNER_FILE, receipt="R2")
    assert compound.card(old.id).state is CardState.CANCELLED
    assert (new.replaces_id, new.holder) == (old.id, "李娜")
    assert compound.opens(UID) == set()
    assert compound.opens(OTHER_UID) == {"compound", "b3", "garage"}


def test_a_failed_replacement_leaves_the_old_card_as_it_was(compound: Compound) -> None:
    """R-CARD-16: both or nothing."""
    old = compound.issue()
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, old.id, provisional=False, reporter="李娜", channel=Channel.DESK)
    with refusal("R-CARD-10"), compound.desk() as uow:
        cards.replace(uow, compound.keys, old.id, uid=OTHER_UID, proof=Proof.OWNER_FILE)
    assert compound.card(old.id).state is CardState.LOST


def test_only_a_lost_or_defective_card_is_replaced(compound: Compound) -> None:
    """R-CARD-16, R-CARD-13."""
    card = compound.issue()
    with refusal("R-CARD-16"), compound.desk() as uow:
        cards.replace(uow, compound.keys, card.id, uid=OTHER_UID, proof=Proof.OWNER_FILE, receipt="R2")
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, card.id, provisional=True, reporter="李娜", channel=Channel.PHONE)
    with refusal("R-CARD-13"), compound.desk() as uow:
        cards.replace(uow, compound.keys, card.id, uid=OTHER_UID, proof=Proof.OWNER_FILE, receipt="R2")


def test_a_defective_card_is_exchanged_free_for_a_month(compound: Compound) -> None:
    """R-CARD-17."""
    young, old = compound.issue(uid(1)), compound.issue(uid(2))
    with compound.desk() as uow:
        cards.report_defect(uow, compound.keys, young.id)
        cards.report_defect(uow, compound.keys, old.id)
    with compound.desk() as uow:
        cards.replace(uow, compound.keys, young.id, uid=uid(3), proof=Proof.OWNER_FILE)
    assert compound.card(young.id).state is CardState.EXCHANGED
    compound.clock.step(31 * DAY)
    with refusal("R-CARD-10"), compound.desk() as uow:
        cards.replace(uow, compound.keys, old.id, uid=uid(4), proof=Proof.OWNER_FILE)


def test_two_desks_and_one_uid_end_with_one_holder(both: Compound) -> None:
    """G10: exactly one wins, the other is told who."""
    other = both.unit_of("1-1-101", "b1")
    neighbour = both.person("王强")
    both.settle(neighbour, Relation.OWNER, unit=other)
    told: list[str] = []
    issued: list[CardView] = []
    start = threading.Barrier(2, timeout=20)

    def desk(unit: int, person: int, card_uid: bytes) -> None:
        start.wait()
        try:
            issued.append(both.issue(card_uid, unit=unit, person=person))
        except ConflictError as error:
            told.append(str(error))

    for number in range(1, 6):
        desks = [
            threading.Thread(target=desk, args=(both.unit, both.li_na, uid(number))),
            threading.Thread(target=desk, args=(other, neighbour, uid(number))),
        ]
        for thread in desks:
            thread.start()
        for thread in desks:
            thread.join(timeout=30)
        assert len(issued) == len(told) == number
        assert f"already belongs to {issued[-1].holder}, {issued[-1].unit}" in told[-1]
    with both.store.read() as conn:
        assert len(cards.list_cards(conn, state=CardState.ACTIVE)) == 5


@pytest.mark.parametrize("laid", [(uid(1), uid(1)), (uid(1), uid(2))], ids=["one card", "one printed number"])
def test_two_desks_and_one_card_in_stock_end_with_one_holder(both: Compound, laid: tuple[bytes, bytes]) -> None:
    """The row in stock is there before either desk begins, so no unique index tells them apart."""
    other = both.unit_of("1-1-101", "b1")
    neighbour = both.person("王强")
    both.settle(neighbour, Relation.OWNER, unit=other)
    with both.desk() as uow:
        cards.stock_in(uow, [Blank("0901", laid[0] if laid[0] == laid[1] else None)])
    issued: list[CardView] = []
    told: list[str] = []
    judged = threading.Barrier(2, timeout=20)

    def desk(unit: int, person: int, card_uid: bytes) -> None:
        judged.wait()
        try:
            with both.desk() as uow:
                handover = Handover(unit, person, Proof.OWNER_FILE, card_uid, "0901", receipt="R-1")
                ruling = judge(uow, handover, uow.actor)
                if uow.conn.dialect.name == "postgresql":
                    judged.wait()  # SQLite's writers take turns anyway
                taken = take_card(uow, handover, ruling, CardState.ACTIVE)
                issued.append(card_views.get(uow.conn, taken.card_id))
        except ConflictError as error:
            told.append(str(error))

    desks = [
        threading.Thread(target=desk, args=(both.unit, both.li_na, laid[0])),
        threading.Thread(target=desk, args=(other, neighbour, laid[1])),
    ]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join(timeout=30)
    (won,) = issued
    assert len(told) == 1
    assert both.card(won.id).holder == won.holder


def test_two_desks_cannot_share_the_last_card_of_a_quota(both: Compound) -> None:
    """R-CARD-8 under two clerks at once."""
    with both.store.write(SYSTEM) as uow:
        site.set_settings(uow, cards_per_unit=1)
    refused: list[str] = []
    start = threading.Barrier(2, timeout=20)

    def desk(number: int) -> None:
        start.wait()
        try:
            both.issue(uid(number))
        except RuleViolationError as error:
            refused.append(error.rule)

    desks = [threading.Thread(target=desk, args=(number,)) for number in (1, 2)]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join(timeout=30)
    assert refused == ["R-CARD-8"]
