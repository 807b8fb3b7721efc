"""Who must agree before goods leave, and how that is known afterwards (R-SLIP-3 to R-SLIP-6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import RuleViolationError
from gateway.domain.slip import ConsentMethod, SlipKind

_RULES: Final[Mapping[SlipKind, str]] = MappingProxyType(
    {
        SlipKind.HOUSEHOLD: "R-SLIP-3",
        SlipKind.MOVE_OUT: "R-SLIP-3",
        SlipKind.SHOP: "R-SLIP-3",
        SlipKind.TENANT: "R-SLIP-4",
        SlipKind.CONTRACTOR: "R-SLIP-5",
        SlipKind.INTERNAL: "R-SLIP-6",
    }
)
_OWN_KINDS: Final = frozenset({SlipKind.HOUSEHOLD, SlipKind.MOVE_OUT})
_IN_PERSON: Final = frozenset({ConsentMethod.SIGNED_AT_DESK, ConsentMethod.CARD_TAP})
_SHOWS_WHO: Final = frozenset({ConsentMethod.APP, ConsentMethod.CARD_TAP})


@dataclass(frozen=True, slots=True)
class Consent:
    """``by`` agreed at ``at`` (unix seconds) to the move and to this list of goods.

    ``identity_checked`` says that the clerk compared a document, or its number on the phone.
    """

    method: ConsentMethod
    by: str
    at: int
    identity_checked: bool = False
    note: str = ""


def check_consent(kind: SlipKind, consent: Consent, *, now: int) -> None:
    """Raises RuleViolationError unless this evidence will do for such a slip."""
    fields: dict[str, str] = {}
    if not 1 <= len(consent.by.strip()) <= 80:
        fields["by"] = "who agreed, 1 to 80 characters"
    if consent.at > now:
        fields["at"] = "not in the future"
    if not consent.identity_checked and consent.method not in _SHOWS_WHO:
        fields["identity_checked"] = "compare the document, or its number on the phone"
    if fields:
        raise RuleViolationError(_RULES[kind], "The owner's consent is not complete.", fields=fields)


def is_owners_own(kind: SlipKind, consent: Consent) -> bool:
    """Whether the owner came in person for the household's goods; all other slips are reviewed (R-SLIP-6)."""
    return kind in _OWN_KINDS and consent.method in _IN_PERSON
