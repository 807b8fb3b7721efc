"""After it was handed out, a card opens exactly while its state says so, and each step is on record."""

import pytest

from gateway.domain.card import CardEvent, CardState
from gateway.domain.card_data import WRITABLE, CardKind
from gateway.domain.errors import MalformedError, NotFoundError, RuleViolationError
from gateway.domain.person import Relation
from gateway.services import cards, occupancy
from gateway.services.cards import CardView, Channel
from gateway.services.records import with_pii
from tests.gateway.services.small_compound import CLERK, DAY, SUPERVISOR, UID, Compound, uid

OPEN = {"compound", "b3", "garage"}


def lost(compound: Compound, *, provisional: bool = False, channel: Channel = Channel.DESK) -> CardView:
    card = compound.issue()
    with compound.desk() as uow:
        return cards.report_loss(uow, compound.keys, card.id, provisional=provisional, reporter="李娜", channel=channel)


def test_a_report_by_phone_suspends_at_once_and_waits_for_the_desk(compound: Compound) -> None:
    """R-CARD-13."""
    card = lost(compound, provisional=True, channel=Channel.PHONE)
    assert card.state is CardState.PROVISIONAL_LOST
    assert compound.opens(UID) == set()
    with compound.desk() as uow:
        assert cards.confirm_loss(uow, compound.keys, card.id).state is CardState.LOST


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.APP, Channel.GUARD])
def test_only_the_desk_makes_a_loss_final(compound: Compound, channel: Channel) -> None:
    """R-CARD-13."""
    card = compound.issue()
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.report_loss(uow, compound.keys, card.id, provisional=False, reporter="李娜", channel=channel)
    assert refused.value.rule == "R-CARD-13"
    assert compound.card(card.id).state is CardState.ACTIVE


def test_a_loss_at_the_desk_is_final(compound: Compound) -> None:
    assert lost(compound).state is CardState.LOST
    assert compound.opens(UID) == set()


def test_only_the_verified_holder_takes_a_loss_back(compound: Compound) -> None:
    """R-CARD-15."""
    card = lost(compound)
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.withdraw_loss(uow, compound.keys, card.id, holder_verified=False)
    assert refused.value.rule == "R-CARD-15"
    with compound.desk() as uow:
        cards.withdraw_loss(uow, compound.keys, card.id, holder_verified=True)
    assert compound.opens(UID) == OPEN


def test_a_cancelled_card_cannot_be_found_again(compound: Compound) -> None:
    """R-CARD-15 after a replacement, R-CARD-21."""
    card = lost(compound)
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card.id, reason="replaced")
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.withdraw_loss(uow, compound.keys, card.id, holder_verified=True)
    assert refused.value.rule == "R-CARD-15"


def test_a_frozen_card_opens_nothing_until_it_is_unfrozen(compound: Compound) -> None:
    card = compound.issue()
    with compound.desk() as uow:
        cards.freeze(uow, compound.keys, card.id, reason="incident at the north gate")
    assert compound.opens(UID) == set()
    with compound.desk() as uow:
        cards.unfreeze(uow, compound.keys, card.id)
    assert compound.opens(UID) == OPEN


@pytest.mark.parametrize("reason", ["arrears", "Owes fees: ARREARS since May", "欠费三个月", "住戶欠費"])
@pytest.mark.parametrize("act", [cards.freeze, cards.cancel, cards.confiscate])
def test_arrears_close_no_door(compound: Compound, act: object, reason: str) -> None:
    """R-CARD-25."""
    card = compound.issue()
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        act(uow, compound.keys, card.id, reason=reason)  # type: ignore[operator]  # one of three acts
    assert refused.value.rule == "R-CARD-25"
    assert compound.opens(UID) == OPEN


def test_what_billing_says_changes_no_card(compound: Compound) -> None:
    """R-CARD-25."""
    compound.issue()
    with compound.desk() as uow:
        assert occupancy.set_arrears(uow, compound.unit, arrears=True).arrears
    assert compound.opens(UID) == OPEN


def test_a_right_is_not_taken_away_without_a_reason(compound: Compound) -> None:
    card = compound.issue()
    with compound.desk() as uow, pytest.raises(MalformedError):
        cards.freeze(uow, compound.keys, card.id, reason="  ")


def test_a_confiscated_card_waits_for_the_office(compound: Compound) -> None:
    """R-CARD-22."""
    card = compound.issue()
    with compound.desk() as uow:
        cards.confiscate(uow, compound.keys, card.id, reason="used by a former tenant")
    assert compound.opens(UID) == set()
    with compound.desk() as uow:
        cards.restore(uow, compound.keys, card.id)
    assert compound.opens(UID) == OPEN


def test_a_returned_card_ends_for_good(compound: Compound) -> None:
    """R-CARD-18, R-CARD-21."""
    card = compound.issue()
    with compound.desk() as uow:
        assert cards.return_card(uow, compound.keys, card.id, receipt="R1").state is CardState.CANCELLED
    assert compound.opens(UID) == set()
    with compound.desk() as uow, pytest.raises(RuleViolationError):
        cards.unfreeze(uow, compound.keys, card.id)


def test_a_recovered_card_belongs_to_nobody(compound: Compound) -> None:
    """R-CARD-21."""
    card = compound.issue()
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.recover(uow, compound.keys, card.id)
    assert refused.value.rule == "R-CARD-21"
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card.id, reason="moved")
        blank = cards.recover(uow, compound.keys, card.id)
    assert (blank.state, blank.holder_id, blank.unit_id, blank.valid_until) == (CardState.BLANK, None, None, None)
    with compound.desk() as uow:
        assert cards.scrap(uow, compound.keys, card.id).state is CardState.SCRAPPED


@pytest.mark.parametrize("kind", list(CardKind))
def test_a_card_with_our_number_on_it_is_wiped_before_it_is_stock(compound: Compound, kind: CardKind) -> None:
    """R-CARD-21: on plastic that cannot be written there is nothing to wipe, and the number leaves the books."""
    number = bytes(range(8))
    card = compound.issue(kind=kind.value, secure_number=number)
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card.id, reason="moved")
    if kind in WRITABLE:
        with compound.desk() as uow, pytest.raises(RuleViolationError, match="wipe it") as refused:
            cards.recover(uow, compound.keys, card.id)
        assert refused.value.rule == "R-CARD-21"
        return
    with compound.desk() as uow:
        blank = cards.recover(uow, compound.keys, card.id)
    assert (blank.state, blank.secure_number, blank.key_version) == (CardState.BLANK, None, None)


def test_a_card_is_renewed_from_today_and_twice_is_once(compound: Compound) -> None:
    """R-CARD-3, edge case 15."""
    card = compound.issue()
    compound.clock.step(700 * DAY)
    for _again in range(2):
        with compound.desk() as uow:
            renewed = cards.renew(uow, compound.keys, card.id, receipt="R9")
    assert renewed.valid_until is not None
    assert renewed.valid_until - int(compound.clock.now) < 732 * DAY
    assert card.valid_until is not None
    assert renewed.valid_until > card.valid_until
    terms = compound.terms(UID, "compound")
    assert terms is not None
    assert terms.valid_until == renewed.valid_until


def test_renewal_needs_a_receipt_and_a_home(compound: Compound) -> None:
    """R-CARD-10, R-CARD-19."""
    spouse = compound.person("王建军")
    home = compound.settle(spouse)
    card = compound.issue(uid(1), person=spouse)
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.renew(uow, compound.keys, card.id)
    assert refused.value.rule == "R-CARD-10"
    with compound.desk() as uow:
        occupancy.end_occupancy(uow, compound.keys, home.id, "moved out")
    with compound.desk() as uow, pytest.raises(RuleViolationError) as refused:
        cards.renew(uow, compound.keys, card.id, receipt="R2")
    assert refused.value.rule == "R-CARD-19"


def test_each_step_is_on_record_with_before_and_after(compound: Compound) -> None:
    """R-CARD-27: the story of a card, by ids; who reported stands apart and can be erased."""
    card = lost(compound)
    with compound.desk(SUPERVISOR) as uow:
        cards.cancel(uow, compound.keys, card.id, reason="not found")
    with compound.store.read() as conn:
        told = cards.story(conn, card.id)
        private = with_pii(conn, told)
    assert [(r.kind, r.actor) for r in told] == [
        ("card.issue", SUPERVISOR.id),
        ("card.report_loss", CLERK.id),
        ("card.confirm_loss", CLERK.id),
        ("card.cancel", SUPERVISOR.id),
    ]
    assert (told[1].body["before"], told[1].body["after"]) == ({"state": "active"}, {"state": "provisional_lost"})
    assert told[3].body["reason"] == "not found"
    assert (told[0].body["receipt"], told[0].body["proof"]) == ("R1", "owner_file")
    assert "李娜" not in str(told)
    assert private[1].pii == {"reporter": "李娜"}


def test_what_the_state_forbids_is_said_in_a_sentence(compound: Compound) -> None:
    """R-CARD-27."""
    card = compound.issue()
    with compound.desk() as uow, pytest.raises(RuleViolationError, match="Card 0001 is active"):
        cards.unfreeze(uow, compound.keys, card.id)


def test_an_unknown_card_is_not_found(compound: Compound) -> None:
    with compound.desk() as uow, pytest.raises(NotFoundError):
        cards.freeze(uow, compound.keys, 999, reason="incident")
    with compound.store.read() as conn, pytest.raises(NotFoundError):
        cards.story(conn, 999)


def test_the_buttons_of_a_card_are_what_its_state_allows(compound: Compound) -> None:
    card = compound.issue()
    assert CardEvent.REPORT_LOSS in card.actions
    assert CardEvent.WITHDRAW_LOSS not in card.actions


def test_a_loss_is_one_version_of_each_list(compound: Compound) -> None:
    """Nothing else moves: a newcomer without a card changes no list."""
    card = compound.issue()
    before = {name: whitelist.version for name, whitelist in compound.lists().items()}
    compound.settle(compound.person("王建军"), Relation.FAMILY)
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, card.id, provisional=True, reporter="李娜", channel=Channel.DESK)
    after = {name: whitelist.version for name, whitelist in compound.lists().items()}
    assert {name: after[name] - before[name] for name in after} == {"compound": 1, "b1": 0, "b3": 1, "garage": 1}
