"""Goods leave only with evidence of who agreed, and how that was known."""

import pytest

from gateway.domain.errors import RuleViolationError
from gateway.domain.slip import ConsentMethod, SlipKind
from gateway.domain.slip_consent import Consent, check_consent, is_owners_own

NOW = 1_760_000_000


@pytest.mark.parametrize("kind", SlipKind)
def test_complete(kind: SlipKind) -> None:
    """Who, when and a checked identity will do for every kind."""
    for method in ConsentMethod:
        check_consent(kind, Consent(method, "李雷", NOW, identity_checked=True), now=NOW)


@pytest.mark.parametrize("method", ConsentMethod)
def test_identity(method: ConsentMethod) -> None:
    """Only the app and the owner's card tell by themselves who agreed (R-SLIP-3)."""
    unchecked = Consent(method, "李雷", NOW)
    if method in {ConsentMethod.APP, ConsentMethod.CARD_TAP}:
        check_consent(SlipKind.HOUSEHOLD, unchecked, now=NOW)
        return
    with pytest.raises(RuleViolationError) as refused:
        check_consent(SlipKind.HOUSEHOLD, unchecked, now=NOW)
    assert set(refused.value.fields) == {"identity_checked"}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (SlipKind.HOUSEHOLD, "R-SLIP-3"),
        (SlipKind.MOVE_OUT, "R-SLIP-3"),
        (SlipKind.SHOP, "R-SLIP-3"),
        (SlipKind.TENANT, "R-SLIP-4"),
        (SlipKind.CONTRACTOR, "R-SLIP-5"),
        (SlipKind.INTERNAL, "R-SLIP-6"),
    ],
)
def test_nobody_and_tomorrow(kind: SlipKind, rule: str) -> None:
    """All gaps are told at once, under the rule of the kind."""
    with pytest.raises(RuleViolationError) as refused:
        check_consent(kind, Consent(ConsentMethod.LETTER, " ", NOW + 1), now=NOW)
    assert refused.value.rule == rule
    assert set(refused.value.fields) == {"by", "at", "identity_checked"}


@pytest.mark.parametrize("kind", SlipKind)
@pytest.mark.parametrize("method", ConsentMethod)
def test_owners_own(kind: SlipKind, method: ConsentMethod) -> None:
    """Only the owner in person with household goods needs no second reader (R-SLIP-6)."""
    own = kind in {SlipKind.HOUSEHOLD, SlipKind.MOVE_OUT}
    in_person = method in {ConsentMethod.SIGNED_AT_DESK, ConsentMethod.CARD_TAP}
    assert is_owners_own(kind, Consent(method, "李雷", NOW)) is (own and in_person)
