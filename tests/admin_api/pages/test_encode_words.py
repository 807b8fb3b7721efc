"""Every kind of card, every step and every state has a word on the pages."""

import pytest

from admin_api.pages import encode_words
from drivers.cards.work import CardDesk
from gateway.domain.card_data import WRITABLE, CardData, CardKind
from gateway.domain.card_template import CardTemplates, DesfireTemplate
from gateway.domain.encode_job import JobKind, JobState
from gateway.ports.cards import EncodePlan, KeyPurpose
from gateway.services.card_key_rows import KeySetState


@pytest.mark.parametrize("kind", sorted(WRITABLE))
@pytest.mark.parametrize("forbid_format", [False, True])
def test_every_step_has_a_word(kind: CardKind, forbid_format: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Whatever the drivers do to a card."""
    templates = CardTemplates(desfire=DesfireTemplate(forbid_format=forbid_format))
    plan = EncodePlan(bytes(7), kind, CardData(7, bytes(7) + b"1", 0, 1), templates)
    desk = CardDesk(7)
    assert {*desk.steps(plan), *desk.wipe_steps(plan)} <= encode_words.STEPS


def test_every_state_has_a_word() -> None:
    """Nothing new goes unnamed."""
    assert set(encode_words.CARD_KINDS) == set(CardKind)
    assert set(encode_words.JOBS) == set(JobKind)
    assert set(encode_words.JOB_STATES) == set(JobState)
    assert set(encode_words.KEY_STATES) == set(KeySetState)
    assert set(encode_words.KEY_PURPOSES) == set(KeyPurpose)
