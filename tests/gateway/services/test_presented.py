"""A card that should not be in anybody's hand is recognised at the gate (R-GATE-9)."""

import pytest

from gateway.domain.card import CardState
from gateway.domain.identity import Identity, IdentityForm, IdentityKind, identity_of_uid
from gateway.services import cards, presented
from gateway.services.cards import CardView, Channel
from tests.gateway.services.small_compound import UID, Compound


def report(compound: Compound, card: CardView) -> None:
    with compound.desk() as uow:
        cards.report_loss(uow, compound.keys, card.id, provisional=False, reporter="", channel=Channel.DESK)


def shown(compound: Compound, identity: Identity) -> CardView | None:
    with compound.store.read() as conn:
        return presented.presented_denied(conn, compound.keys, identity)


@pytest.mark.parametrize(
    "form",
    [
        IdentityForm.UID,
        IdentityForm.W26,
        IdentityForm.W26_REVERSED,
        IdentityForm.W34,
        IdentityForm.W34_REVERSED,
    ],
)
def test_a_lost_card_is_known_in_every_form(compound: Compound, form: IdentityForm) -> None:
    card = compound.issue()
    report(compound, card)
    identity = identity_of_uid(form, UID)
    assert identity is not None
    found = shown(compound, identity)
    assert found is not None
    assert (found.id, found.state) == (card.id, CardState.LOST)
    with compound.store.read() as conn:
        by_key = presented.presented_key(conn, compound.keys, compound.keys.list(identity))
    assert by_key == found


def test_the_number_of_a_secure_card(compound: Compound) -> None:
    number = bytes.fromhex("0102030405060708")
    card = compound.issue(kind="desfire", secure_number=number)
    report(compound, card)
    found = shown(compound, Identity(IdentityKind.SECURE, number))
    assert found is not None
    assert (found.id, found.clonable) == (card.id, False)


def test_a_stranger_is_nobody(compound: Compound) -> None:
    compound.issue()
    for identity in (Identity.uid("04FFFFFFFFFF80"), Identity.wiegand(24, 0xFFFFFF), Identity.plate("粤B12345")):
        assert shown(compound, identity) is None
        with compound.store.read() as conn:
            assert presented.presented_key(conn, compound.keys, compound.keys.list(identity)) is None
    with compound.store.read() as conn:
        assert presented.presented_key(conn, compound.keys, bytes(8)) is None


def test_the_lost_one_of_two_with_the_same_number_is_named(compound: Compound) -> None:
    """Behind Wiegand readers of an area where the valid one is not listed."""
    old = compound.issue(bytes.fromhex("5630F009"))
    report(compound, old)
    compound.issue(bytes.fromhex("5630F0AA"))
    with compound.store.read() as conn:
        found = cards.by_identity(conn, Identity.wiegand(24, 0x5630F0))
    assert found is not None
    assert found.id == old.id
