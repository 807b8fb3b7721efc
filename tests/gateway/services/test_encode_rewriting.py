"""A card that is in the books comes onto an encoder: in place of another, with new keys, or to be wiped."""

import pytest

from gateway.domain.card import CardState
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.errors import ConflictError, RuleViolationError
from gateway.ports.cards import FoundCard, FoundState
from gateway.services import cards, encode_jobs, site
from gateway.services.cards import CardView, Channel
from gateway.services.encode_jobs import JobView, Order
from tests.gateway.services.encode_stage import VERSION, Desk, blank, card_of, other, secure_readers, secured
from tests.gateway.services.small_compound import OTHER_UID, UID, Compound, uid


@pytest.fixture
def desk(compound: Compound) -> Desk:
    return Desk(compound)


# --- Replacement ----------------------------------------------------------------------------------


def lost(desk: Desk, card: bytes = OTHER_UID) -> CardView:
    """A secured card that was lost."""
    done = desk.issued(blank(card))
    assert done.card_id is not None
    with desk.compound.desk() as uow:
        return cards.report_loss(
            uow, desk.compound.keys, done.card_id, provisional=False, reporter="", channel=Channel.DESK
        )


def test_the_old_card_ends_with_the_new_ones_beginning(desk: Desk) -> None:
    old = lost(desk)
    job = desk.plan(order=desk.order(what=JobKind.REPLACE, card_id=old.id, unit_id=None, person_id=None))
    desk.begin(job)
    assert desk.compound.card(old.id).state is CardState.LOST
    desk.verify(job)
    desk.finish(job)
    assert desk.compound.card(old.id).state is CardState.CANCELLED
    assert card_of(desk, job).replaces_id == old.id


def test_a_replacement_needs_no_place_of_its_own(desk: Desk) -> None:
    with desk.compound.desk() as uow:
        site.set_settings(uow, cards_per_unit=1)
    old = lost(desk)
    order = desk.order(what=JobKind.REPLACE, card_id=old.id)
    assert desk.issued(order=order).state is JobState.ACTIVE
    with pytest.raises(RuleViolationError, match="1 of 1"):
        desk.plan(blank(uid(9)))


def test_one_card_is_replaced_by_one_card(desk: Desk) -> None:
    order = desk.order(what=JobKind.REPLACE, card_id=lost(desk).id)
    desk.plan(order=order)
    with pytest.raises(ConflictError, match="in place of this one; 陈静 began it"):
        other(desk).plan(blank(uid(9)), order)


def test_a_card_that_was_found_again_is_not_replaced(desk: Desk) -> None:
    """Never both valid: the loss was withdrawn while the new card was written."""
    old = lost(desk)
    job = desk.plan(order=desk.order(what=JobKind.REPLACE, card_id=old.id))
    desk.begin(job)
    with desk.compound.desk() as uow:
        cards.withdraw_loss(uow, desk.compound.keys, old.id, holder_verified=True)
    desk.verify(job)
    with pytest.raises(RuleViolationError, match="Record it as lost or defective first"):
        desk.finish(job)
    desk.cancel(job)
    desk.wipe(job)
    assert desk.compound.card(old.id).state is CardState.ACTIVE


# --- Writing anew, wiping, recovering -------------------------------------------------------------


def ours(job: JobView) -> FoundCard:
    """The card of this work, as it lies on an encoder later."""
    plan = encode_jobs.plan_of(job)
    return FoundCard(plan.uid, plan.kind, FoundState.OURS, plan.data, plan.data.key_version)


def test_a_card_with_new_keys_keeps_its_number_and_opens_all_the_while(desk: Desk) -> None:
    secure_readers(desk.compound, "compound")
    first = desk.issued()
    number = encode_jobs.plan_of(first).data.number
    desk.version = VERSION + 1
    job = desk.plan(ours(first), desk.order(what=JobKind.REENCODE, card_id=first.card_id))
    plan = encode_jobs.plan_of(job)
    assert (plan.before, plan.data.number, plan.data.key_version) == (VERSION, number, VERSION + 1)
    desk.begin(job)
    assert card_of(desk, job).key_version == VERSION
    assert secured(desk, number, "compound")
    desk.fail(job)
    with pytest.raises(ConflictError, match="let it be finished"):
        desk.cancel(job)
    desk.write(job)
    assert card_of(desk, job).key_version == VERSION + 1
    assert secured(desk, number, "compound")


def test_a_card_known_by_its_uid_gets_a_number(desk: Desk) -> None:
    secure_readers(desk.compound, "compound")
    plain = desk.compound.issue()
    assert "compound" in desk.compound.opens(UID)
    job = desk.plan(order=desk.order(what=JobKind.REENCODE, card_id=plain.id))
    assert "compound" in desk.compound.opens(UID)
    desk.write(job)
    card = desk.compound.card(plain.id)
    assert card.secure_number is not None
    assert (card.kind, card.state) == ("desfire-ev2", CardState.ACTIVE)
    assert secured(desk, card.secure_number, "compound")
    assert "compound" not in desk.compound.opens(UID)


def test_another_card_on_the_encoder_is_refused(desk: Desk) -> None:
    first = desk.issued()
    with pytest.raises(ConflictError, match="is not 0001"):
        desk.plan(blank(OTHER_UID), desk.order(what=JobKind.REENCODE, card_id=first.card_id))


def test_only_an_active_card_is_written_anew(desk: Desk) -> None:
    first = desk.issued()
    assert first.card_id is not None
    with desk.compound.desk() as uow:
        cards.freeze(uow, desk.compound.keys, first.card_id, reason="incident")
    with pytest.raises(RuleViolationError, match="only an active card"):
        desk.plan(ours(first), desk.order(what=JobKind.REENCODE, card_id=first.card_id))


def test_a_card_lost_while_it_is_written_anew_stays_lost(desk: Desk) -> None:
    first = desk.issued()
    assert first.card_id is not None
    job = desk.plan(ours(first), desk.order(what=JobKind.REENCODE, card_id=first.card_id))
    with desk.compound.desk() as uow:
        cards.freeze(uow, desk.compound.keys, first.card_id, reason="incident")
    desk.write(job)
    assert card_of(desk, job).state is CardState.FROZEN


def test_a_cancelled_card_goes_back_to_stock_when_it_was_wiped(desk: Desk) -> None:
    """R-CARD-21."""
    first = desk.issued()
    assert first.card_id is not None
    wipe = desk.order(what=JobKind.WIPE, card_id=first.card_id)
    with pytest.raises(RuleViolationError, match="only a cancelled card"):
        desk.plan(ours(first), wipe)
    with desk.compound.desk() as uow:
        cards.return_card(uow, desk.compound.keys, first.card_id)
    job = desk.plan(ours(first), wipe)
    assert job.wipes
    desk.wipe(job)
    card = card_of(desk, job)
    assert (card.state, card.holder, card.secure_number, card.key_version) == (CardState.BLANK, None, None, None)
    assert desk.issued().card_id == card.id


def test_a_wipe_that_was_not_begun_is_called_off(desk: Desk) -> None:
    first = desk.issued()
    assert first.card_id is not None
    with desk.compound.desk() as uow:
        cards.return_card(uow, desk.compound.keys, first.card_id)
    desk.cancel(desk.plan(ours(first), desk.order(what=JobKind.WIPE, card_id=first.card_id)))
    assert desk.compound.card(first.card_id).state is CardState.CANCELLED


def test_a_card_that_no_book_knows_is_recovered(desk: Desk) -> None:
    """From a store that was restored, or a card that somebody else's desk tore."""
    torn = FoundCard(UID, CardKind.CLASSIC, FoundState.TORN)
    job = desk.plan(torn, Order(JobKind.RECOVER))
    assert (job.card_id, job.holder) == (None, None)
    with pytest.raises(ConflictError, match="陈静 began it"):
        other(desk).plan()
    assert desk.wipe(job).state is JobState.DONE
    assert desk.issued().state is JobState.ACTIVE


def test_a_card_someone_holds_is_not_recovered(desk: Desk) -> None:
    first = desk.issued()
    with pytest.raises(ConflictError, match="already belongs"):
        desk.plan(ours(first), Order(JobKind.RECOVER))
    with pytest.raises(ConflictError, match="Nothing of ours"):
        desk.plan(blank(OTHER_UID), Order(JobKind.RECOVER))
