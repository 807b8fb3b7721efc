"""People and how they are tied to a unit."""

from enum import StrEnum
from typing import Final


class Relation(StrEnum):
    """Why someone belongs to a household."""

    OWNER = "owner"
    FAMILY = "family"
    TENANT = "tenant"
    HELPER = "helper"


NEEDS_LEASE: Final = frozenset({Relation.TENANT})
NEEDS_OWNER_CONSENT: Final = frozenset({Relation.TENANT, Relation.HELPER})


class Proof(StrEnum):
    """What the desk saw before it believed someone (forms F1 and F8)."""

    OWNER_FILE = "owner_file"
    PHONE_TO_OWNER = "phone_to_owner"
    LEASE = "lease"
    LETTER = "letter"
    APPLICATION = "application"


class Role(StrEnum):
    """What someone does here. Deny by default: a role may do only what names it."""

    FRONT_DESK = "front_desk"
    SUPERVISOR = "supervisor"
    GUARD = "guard"
    CAPTAIN = "captain"
    FINANCE = "finance"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMIN = "admin"


def mask_phone(phone: str) -> str:
    """The last four digits: enough to tell two people apart."""
    digits = [c for c in phone if c.isdigit()]
    return "•••" + "".join(digits[-4:]) if digits else ""
