"""Why decides as the gate does and says it in one sentence with a next step."""

from collections.abc import Callable

import pytest

from gateway.domain.card import CardState
from gateway.domain.decision import PortalMode, Reason
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import Identity, IdentityKind
from gateway.domain.person import Proof
from gateway.domain.whitelist import EXIT_ONLY
from gateway.services import cards, gates, site
from gateway.services.cards import Channel
from gateway.services.sweep import sweep
from gateway.services.why import WhyView, why
from gateway.storage import lists
from tests.gateway.services.encode_stage import Desk, secure_readers
from tests.gateway.services.small_compound import DAY, UID, Compound

NORTH = "main-in"


def ask(compound: Compound, identity: Identity | None = None, *, later: int = 0) -> WhyView:
    with compound.store.read() as conn:
        return why(
            conn,
            compound.keys,
            lists.load(conn),
            lists.calendar(conn),
            gates.get_portal(conn, NORTH),
            identity or Identity.uid(UID.hex()),
            int(compound.clock.now) + later,
        )


def test_a_grant_names_the_entry_and_the_basis(compound: Compound) -> None:
    card = compound.issue()
    view = ask(compound)
    assert (view.granted, view.reason) == (True, None)
    assert view.sentence == "Card 0001 of 李娜, 3-1-502, may pass 北门."
    assert (view.list, view.version, view.credential) == ("compound", 1, card.credential)
    assert [(home.unit, home.basis) for home in view.homes] == [("3-1-502", "residence")]


def test_an_unknown_card(compound: Compound) -> None:
    view = ask(compound)
    assert (view.reason, view.card) == (Reason.UNKNOWN, None)
    assert view.sentence.startswith("No card of this site is known by this number.")


Act = Callable[[Compound, int], object]


def frozen(compound: Compound, card: int) -> None:
    with compound.desk() as uow:
        cards.freeze(uow, compound.keys, card, reason="incident")


def lost(compound: Compound, card: int) -> None:
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, card, provisional=True, reporter="", channel=Channel.PHONE)


def cancelled(compound: Compound, card: int) -> None:
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card, reason="moved")


def expired(compound: Compound, _card: int) -> None:
    compound.clock.step(800 * DAY)
    with compound.desk() as uow:
        sweep(uow, compound.keys)


@pytest.mark.parametrize(
    ("act", "state", "said"),
    [
        (frozen, CardState.FROZEN, "is frozen since 2025-10-09. The desk can unfreeze it."),
        (lost, CardState.PROVISIONAL_LOST, "was reported lost on 2025-10-09. Keep it, and ask the holder"),
        (cancelled, CardState.CANCELLED, "Card 0001 was cancelled on 2025-10-09. Keep it and bring it to the desk."),
        (expired, CardState.EXPIRED, "ended on 2027-10-09. Renew it at the desk."),
    ],
)
def test_a_card_that_is_on_no_list_is_still_known(compound: Compound, act: Act, state: CardState, said: str) -> None:
    card = compound.issue()
    act(compound, card.id)
    view = ask(compound)
    assert view.reason is Reason.UNKNOWN
    assert view.card is not None
    assert view.card.state is state
    assert said in view.sentence


def test_a_right_that_is_over_before_the_sweep(compound: Compound) -> None:
    compound.issue()
    view = ask(compound, later=800 * DAY)
    assert view.reason is Reason.EXPIRED
    assert view.sentence == "The right of card 0001 of 李娜, 3-1-502, ended on 2027-10-09. Renew it at the desk."


def test_outside_the_hours(compound: Compound) -> None:
    with compound.desk() as uow:
        never = site.add_schedule(uow, name="never", weekdays=[()] * 7)
        site.set_access_rule(
            uow, compound.keys, basis=BasisKind.RESIDENCE, common_areas=("compound",), schedule=never.number
        )
    compound.issue()
    view = ask(compound)
    assert view.reason is Reason.OUTSIDE_SCHEDULE
    assert view.sentence == "Card 0001 of 李娜, 3-1-502, does not open 北门 at this hour."


def test_out_but_not_in(compound: Compound) -> None:
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.RESIDENCE, common_areas=("compound",), flags=EXIT_ONLY)
    compound.issue()
    assert "may leave but not enter" in ask(compound).sentence


def test_a_card_without_a_right_to_this_gate(compound: Compound) -> None:
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY)
    tenant = compound.person("孙悦")
    compound.let(tenant)
    compound.issue(person=tenant, proof=Proof.LEASE)
    assert ask(compound).sentence.startswith("Card 0001 of 孙悦, 3-1-502, gives no right to 北门.")


def test_a_uid_asked_about_is_judged_by_the_number_where_readers_ask_for_it(compound: Compound) -> None:
    """The gate refuses the UID; the card itself may pass, and the sentence says which of the two was judged."""
    secure_readers(compound, "compound")
    job = Desk(compound).issued()
    view = ask(compound)
    assert (view.granted, view.reason) == (False, Reason.UNKNOWN)
    assert view.card is not None
    assert view.card.id == job.card_id
    passes = f"Card {view.card.number} of 李娜, 3-1-502, may pass 北门."
    assert view.sentence == (f"{passes} This goes by the number on the card: its UID alone is refused there as a copy.")
    assert view.card.secure_number is not None
    by_number = ask(compound, Identity(IdentityKind.SECURE, view.card.secure_number))
    assert (by_number.granted, by_number.sentence, by_number.note) == (True, passes, "")


def test_a_card_with_a_number_may_have_no_right(compound: Compound) -> None:
    """Then its number opens no more than its UID."""
    secure_readers(compound, "compound")
    Desk(compound).issued()
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.RESIDENCE)
    sentence = ask(compound).sentence
    assert "gives no right to 北门." in sentence
    assert sentence.endswith("its UID alone is refused there as a copy.")


def test_a_locked_gate_says_so_for_everybody(compound: Compound) -> None:
    compound.issue()
    with compound.desk() as uow:
        gates.set_portal_mode(uow, NORTH, PortalMode.LOCKED_OUT, "bomb threat")
    view = ask(compound)
    assert view.reason is Reason.LOCKED_OUT
    assert view.sentence == "北门 is locked against entry. The one who locked it can release it."


def test_asking_changes_nothing(compound: Compound) -> None:
    compound.issue()
    with compound.store.read() as conn:
        before = conn.exec_driver_sql("SELECT max(seq) FROM journal").scalar()
    ask(compound)
    with compound.store.read() as conn:
        assert conn.exec_driver_sql("SELECT max(seq) FROM journal").scalar() == before
