"""The rules of handing out cards, at their edges."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError, RuleViolationError
from gateway.domain.issuance import (
    SiteSettings,
    add_years,
    check_consent,
    check_end,
    check_lease,
    check_quota,
    check_reason,
    check_receipt,
    check_uid,
    end_of_day,
    latest_end,
    local_date,
)
from gateway.domain.person import Proof, Relation, Role
from gateway.domain.whitelist import NO_END

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_leap_day_and_two_years() -> None:
    """Edge case 43."""
    assert add_years(date(2024, 2, 29), 2) == date(2026, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert add_years(date(2025, 12, 31), 1) == date(2026, 12, 31)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(["Asia/Shanghai", "America/Sao_Paulo", "UTC"]))
def test_the_last_second_of_a_day_is_that_day(day: date, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    end = end_of_day(day, zone)
    assert local_date(end - 1, zone) == day
    assert local_date(end, zone) > day


@pytest.mark.parametrize(
    ("relation", "years"), [(Relation.OWNER, 2), (Relation.FAMILY, 2), (Relation.TENANT, 1), (Relation.HELPER, 1)]
)
def test_the_default_validity(relation: Relation, years: int) -> None:
    """R-CARD-3."""
    until = latest_end(relation, NO_END, date(2026, 3, 1), SHANGHAI, SiteSettings())
    assert datetime.fromtimestamp(until - 1, SHANGHAI).date() == date(2026 + years, 3, 1)


def test_the_basis_is_the_outer_limit() -> None:
    """R-CARD-3."""
    assert latest_end(Relation.TENANT, 1_800_000_000, date(2026, 12, 1), SHANGHAI, SiteSettings()) == 1_800_000_000
    with pytest.raises(RuleViolationError):
        check_end(None, 100, 100, SHANGHAI)
    assert check_end(150, 200, 100, SHANGHAI) == 150
    assert check_end(200, 200, 100, SHANGHAI) == 200
    with pytest.raises(RuleViolationError):
        check_end(201, 200, 100, SHANGHAI)


def test_a_lease_has_an_end() -> None:
    """R-CARD-4."""
    check_lease(Relation.TENANT, Proof.LEASE, 1_800_000_000)
    check_lease(Relation.OWNER, Proof.OWNER_FILE, NO_END)
    with pytest.raises(RuleViolationError):
        check_lease(Relation.TENANT, Proof.LEASE, NO_END)
    with pytest.raises(RuleViolationError):
        check_lease(Relation.TENANT, Proof.LETTER, 1_800_000_000)


@pytest.mark.parametrize("relation", list(Relation))
def test_whose_card_waits_for_an_owner(relation: Relation) -> None:
    """R-CARD-4."""
    check_consent(relation, True, name="x", unit="3-1-502")
    if relation in {Relation.TENANT, Relation.HELPER}:
        with pytest.raises(RuleViolationError):
            check_consent(relation, False, name="x", unit="3-1-502")
    else:
        check_consent(relation, False, name="x", unit="3-1-502")


@pytest.mark.parametrize("role", list(Role))
def test_who_may_go_beyond_a_quota_and_waive_a_receipt(role: Role) -> None:
    """R-CARD-8, R-CARD-10."""
    may = role in {Role.SUPERVISOR, Role.MANAGER}
    try:
        check_quota(5, 5, [role], approved=True, unit="3-1-502")
        check_receipt(None, [role], waived=True)
    except RuleViolationError:
        assert not may
    else:
        assert may
    check_quota(4, 5, [role], approved=False, unit="3-1-502")
    check_receipt("R1", [role], waived=False)
    with pytest.raises(RuleViolationError):
        check_quota(5, 5, [role], approved=False, unit="3-1-502")
    with pytest.raises(RuleViolationError):
        check_receipt("  ", [role], waived=False)


@given(st.binary(max_size=12))
@example(bytes(4))
@example(bytes(7))
@example(bytes.fromhex("88000000"))
@example(bytes.fromhex("88000000000001"))
def test_a_uid_stays_the_same_and_has_a_known_length(uid: bytes) -> None:
    """R-CARD-12."""
    if len(uid) not in {4, 7, 10}:
        with pytest.raises(MalformedError):
            check_uid(uid)
    elif not any(uid) or (len(uid) == 4 and uid[0] in {0x08, 0x88}):
        with pytest.raises(RuleViolationError):
            check_uid(uid)
    else:
        assert check_uid(uid) == uid


def test_a_reason_is_given_and_is_not_arrears() -> None:
    """R-CARD-25."""
    assert check_reason("  incident at the gate ") == "incident at the gate"
    with pytest.raises(MalformedError):
        check_reason(" ")
    with pytest.raises(RuleViolationError):
        check_reason("In Arrears")
