"""What must be true before a card may be handed out or taken away: the rules, without the store."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.domain.errors import MalformedError, RuleViolationError
from gateway.domain.identity import is_random_uid
from gateway.domain.person import NEEDS_OWNER_CONSENT, Proof, Relation, Role
from gateway.domain.whitelist import NO_END

APPROVERS: Final = frozenset({Role.SUPERVISOR, Role.MANAGER})
"""Who may waive a receipt (R-CARD-10) and go beyond a quota (R-CARD-8)."""

SINGLE_SIZE: Final = 4
CASCADE_TAG: Final = 0x88
"""Says that the rest of a longer UID follows; no UID of a single size begins with it (ISO/IEC 14443-3:2018, 6.5.4)."""

_ARREARS: Final = ("arrears", "欠费", "欠費")


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What differs from estate to estate, with the usual choice."""

    cards_per_unit: int = 5
    owner_card_years: int = 2
    tenant_card_years: int = 1
    free_exchange_days: int = 30
    remind_days: int = 30


@dataclass(frozen=True, slots=True)
class Consent:
    """An owner's word for someone else: whose (a person's id), how it reached the desk, and when."""

    by: int
    method: Proof
    at: int


def add_years(day: date, years: int) -> date:
    """The same day ``years`` later; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def end_of_day(day: date, zone: ZoneInfo) -> int:
    """The first second (unix) after ``day`` on the wall clock of the site."""
    return int(datetime.combine(day + timedelta(days=1), time.min, zone).timestamp())


def latest_end(relation: Relation, basis_until: int, today: date, zone: ZoneInfo, settings: SiteSettings) -> int:
    """When a card issued ``today`` ends at the latest (R-CARD-3): two years, a tenant's one, never past the basis."""
    owned = relation in {Relation.OWNER, Relation.FAMILY}
    years = settings.owner_card_years if owned else settings.tenant_card_years
    return min(basis_until, end_of_day(add_years(today, years), zone))


def check_end(wanted: int | None, latest: int, now: int, zone: ZoneInfo) -> int:
    """The end of a card's validity: what was asked for, or the latest allowed (R-CARD-3)."""
    if latest <= now:
        raise RuleViolationError(
            "R-CARD-3",
            "The right to live here ended on %(end)s. Record the new lease first.",
            end=local_date(latest - 1, zone),
        )
    if wanted is None:
        return latest
    if wanted <= now:
        raise MalformedError(
            "A card cannot end before it begins; choose a later day.", fields={"valid_until": "a day to come"}
        )
    if wanted > latest:
        raise RuleViolationError(
            "R-CARD-3",
            "This card can be valid until %(latest)s at the latest. Choose that day or an earlier one.",
            latest=local_date(latest - 1, zone),
            fields={"valid_until": "too late"},
        )
    return wanted


def local_date(at: int, zone: ZoneInfo) -> date:
    """The day at the site."""
    return datetime.fromtimestamp(at, zone).date()


def check_proof(relation: Relation, proof: Proof, consent: Consent | None) -> None:
    """Whether the desk saw enough to believe who someone is (R-CARD-2)."""
    if relation is Relation.FAMILY and proof is Proof.PHONE_TO_OWNER and consent is None:
        raise RuleViolationError(
            "R-CARD-2",
            "Say which owner was called: someone who is not in the owner file needs a recorded call.",
            fields={"consent": "which owner agreed"},
        )
    if relation is Relation.FAMILY and proof in {Proof.LEASE, Proof.APPLICATION}:
        raise RuleViolationError(
            "R-CARD-2",
            "A family member is proved by the owner file, or by a call or letter from the owner.",
            fields={"proof": "owner file, call or letter"},
        )


def check_lease(relation: Relation, proof: Proof, valid_until: int) -> None:
    """A tenant has a lease, and the lease has an end (R-CARD-4)."""
    if relation is Relation.TENANT and (proof is not Proof.LEASE or valid_until >= NO_END):
        raise RuleViolationError(
            "R-CARD-4",
            "A tenant needs a lease with an end. Ask for the lease and enter the day it ends.",
            fields={"lease_end": "the day the lease ends"},
        )


def check_consent(relation: Relation, consented_by_owner: bool, *, name: str, unit: str) -> None:  # noqa: FBT001  # the one fact it judges
    """A tenant's or helper's card waits for a present owner's word (R-CARD-4)."""
    if relation in NEEDS_OWNER_CONSENT and not consented_by_owner:
        raise RuleViolationError(
            "R-CARD-4",
            "No present owner of %(unit)s has agreed to a card for %(name)s. Ask the owner, then record the consent.",
            unit=unit,
            name=name,
        )


def check_quota(held: int, quota: int, roles: Collection[Role], *, approved: bool, unit: str) -> None:
    """A unit has so many cards; more need a supervisor's or manager's approval (R-CARD-8)."""
    if held < quota or (approved and APPROVERS.intersection(roles)):
        return
    raise RuleViolationError(
        "R-CARD-8",
        "%(unit)s already holds %(held)s of %(quota)s cards. Take one back, or ask a supervisor to approve one more.",
        unit=unit,
        held=held,
        quota=quota,
    )


def check_receipt(receipt: str | None, roles: Collection[Role], *, waived: bool) -> None:
    """A receipt's number, or a supervisor who waives it (R-CARD-10)."""
    if receipt and receipt.strip():
        return
    if not waived:
        raise RuleViolationError(
            "R-CARD-10",
            "Enter the number of the receipt, or ask a supervisor to waive the fee.",
            fields={"receipt": "the receipt's number"},
        )
    if not APPROVERS.intersection(roles):
        raise RuleViolationError(
            "R-CARD-10", "Only a supervisor or manager can waive the fee. Ask one, or enter the receipt's number."
        )


def check_uid(uid: bytes) -> bytes:
    """A UID that stays the same: 4, 7 or 10 bytes, not the random one of a phone, and a card's indeed."""
    if len(uid) not in {4, 7, 10}:
        raise MalformedError(
            "A card UID has 4, 7 or 10 bytes, not %(length)s.", length=len(uid), fields={"uid": "4, 7 or 10 bytes"}
        )
    if is_random_uid(uid):
        raise RuleViolationError(
            "R-CARD-12",
            "This card shows a new number at every tap, as phones do, and cannot be known again. Use another card.",
            fields={"uid": "random"},
        )
    if not any(uid) or (len(uid) == SINGLE_SIZE and uid[0] == CASCADE_TAG):
        raise RuleViolationError(
            "R-CARD-12",
            "The reader told no card's whole number. Lay the card down again; if that does not help, use another card.",
            fields={"uid": "4, 7 or 10 bytes"},
        )
    return uid


def check_reason(reason: str) -> str:
    """Why a right is taken away. Arrears are no reason to close anybody's door (R-CARD-25)."""
    text = reason.strip()
    if not text:
        raise MalformedError("Say why; the record keeps it.", fields={"reason": "one short sentence"})
    if any(word in text.casefold() for word in _ARREARS):
        raise RuleViolationError(
            "R-CARD-25",
            "Arrears never close a resident's door. Talk to the household about payment; the card stays as it is.",
            fields={"reason": "arrears are no reason"},
        )
    return text
