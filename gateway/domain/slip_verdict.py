"""What a scanned slip is worth at a post: one code, one colour, one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.domain.slip import SlipClaims, SlipState


class Code(StrEnum):
    """A verdict's stable name. Guards see the word and the colour; exports and tests see this."""

    OK = "OK"
    NOT_A_SLIP = "NOT_A_SLIP"
    VERSION_TOO_NEW = "VERSION_TOO_NEW"
    UNREADABLE = "UNREADABLE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    KEY_RETIRED = "KEY_RETIRED"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    MALFORMED = "MALFORMED"
    WRONG_SITE = "WRONG_SITE"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    WRONG_GATE = "WRONG_GATE"
    UNKNOWN_SLIP = "UNKNOWN_SLIP"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"
    ALREADY_RELEASED = "ALREADY_RELEASED"
    PARTIAL_REMAINS = "PARTIAL_REMAINS"
    NO_RIGHT_HERE = "NO_RIGHT_HERE"
    PLATE_MISMATCH = "PLATE_MISMATCH"
    LIST_MISMATCH = "LIST_MISMATCH"
    RACE_LOST = "RACE_LOST"
    RELEASED = "RELEASED"
    REFUSED = "REFUSED"


class Colour(StrEnum):
    """Never alone: each comes with a word and a sound."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


COLOURS: Final[Mapping[Code, Colour]] = MappingProxyType(
    {
        Code.OK: Colour.GREEN,
        Code.RELEASED: Colour.GREEN,
        Code.PARTIAL_REMAINS: Colour.AMBER,
        Code.NOT_A_SLIP: Colour.GREY,
        Code.VERSION_TOO_NEW: Colour.GREY,
        Code.UNREADABLE: Colour.GREY,
        Code.UNKNOWN_KEY: Colour.AMBER,
        Code.KEY_RETIRED: Colour.RED,
        Code.BAD_SIGNATURE: Colour.RED,
        Code.MALFORMED: Colour.RED,
        Code.WRONG_SITE: Colour.RED,
        Code.NOT_YET_VALID: Colour.RED,
        Code.EXPIRED: Colour.RED,
        Code.WRONG_GATE: Colour.AMBER,
        Code.UNKNOWN_SLIP: Colour.RED,
        Code.CANCELLED: Colour.RED,
        Code.SUPERSEDED: Colour.RED,
        Code.ALREADY_RELEASED: Colour.RED,
        Code.NO_RIGHT_HERE: Colour.AMBER,
        Code.PLATE_MISMATCH: Colour.AMBER,
        Code.LIST_MISMATCH: Colour.AMBER,
        Code.RACE_LOST: Colour.RED,
        Code.REFUSED: Colour.RED,
    }
)


SENTENCES: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.OK: "Slip %(slip_no)s is good. Compare the goods line by line, then release.",
        Code.RELEASED: "Released. Keep slip %(slip_no)s for the hand-in.",
        Code.PARTIAL_REMAINS: "Part of slip %(slip_no)s has left already. Only what remains may leave.",
        Code.NOT_A_SLIP: "This is not a release slip.",
        Code.VERSION_TOO_NEW: "This slip is of a newer kind. Type its number instead.",
        Code.UNREADABLE: "The code was not read well. Scan again, or type the slip's number.",
        Code.UNKNOWN_KEY: "This slip was signed with a key that is not known here. Call the front desk.",
        Code.KEY_RETIRED: "This slip was signed with a key that is no longer in use. Hold the goods and call the desk.",
        Code.BAD_SIGNATURE: "This slip is forged or altered. Hold the goods and call the front desk.",
        Code.MALFORMED: "This slip makes no sense although it was read well. Hold the goods and call the front desk.",
        Code.WRONG_SITE: "This slip belongs to another compound.",
        Code.NOT_YET_VALID: "Slip %(slip_no)s is not valid yet. Ask the front desk.",
        Code.EXPIRED: "Slip %(slip_no)s has expired. The front desk writes a new one.",
        Code.WRONG_GATE: "Slip %(slip_no)s is for another gate: %(home)s.",
        Code.UNKNOWN_SLIP: "Slip %(slip_no)s is not in the book. Hold the goods and call the front desk.",
        Code.CANCELLED: "Slip %(slip_no)s was cancelled. The goods stay.",
        Code.SUPERSEDED: "Slip %(slip_no)s was replaced by a newer one. Ask for that one.",
        Code.ALREADY_RELEASED: "The goods of slip %(slip_no)s have left already. Hold the vehicle and call the desk.",
        Code.NO_RIGHT_HERE: "Slip %(slip_no)s may not be released here. Call the front desk.",
        Code.PLATE_MISMATCH: "Slip %(slip_no)s is for the vehicle %(plate)s. Compare it, or say why another may go.",
        Code.LIST_MISMATCH: "The goods differ from slip %(slip_no)s. Refuse; the front desk writes a new slip.",
        Code.RACE_LOST: "Another guard released slip %(slip_no)s at this moment. Hold the vehicle and call the desk.",
        Code.REFUSED: "Refused, and written down.",
    }
)

GRAVE: Final = frozenset(
    {
        Code.BAD_SIGNATURE,
        Code.KEY_RETIRED,
        Code.MALFORMED,
        Code.UNKNOWN_SLIP,
        Code.CANCELLED,
        Code.ALREADY_RELEASED,
        Code.RACE_LOST,
    }
)
"""Codes that raise an alarm when goods are presented with them."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What this post's own book says of a slip: its state, and per line what was authorised here and what left."""

    state: SlipState
    rev: int
    right: Mapping[int, int]
    released: Mapping[int, int]


def judge(claims: SlipClaims, *, site: int, post: int, now_min: int, ledger: Ledger | None) -> Code:
    """What a genuine slip is worth here and now; free of side effects (checks 6 to 11 of a scan).

    ``now_min`` counts as the token's times do. OK means every line may still leave;
    PARTIAL_REMAINS that some already left.
    """
    if claims.site != site:
        return Code.WRONG_SITE
    if now_min < claims.iat_min:
        return Code.NOT_YET_VALID
    gate = Code.OK if post in claims.gates or post == claims.home else Code.WRONG_GATE
    standing = Code.UNKNOWN_SLIP if ledger is None else _standing(claims, ledger)
    if standing not in {Code.OK, Code.PARTIAL_REMAINS}:
        return standing
    if now_min >= claims.iat_min + claims.ttl_min:
        return Code.EXPIRED
    return standing if gate is Code.OK else gate


def _standing(claims: SlipClaims, ledger: Ledger) -> Code:
    """A repeat is told as a repeat even when the slip has since expired: the guard needs the first release."""
    if ledger.right and all(ledger.released.get(line, 0) >= qty for line, qty in ledger.right.items()):
        return Code.ALREADY_RELEASED
    if ledger.state in {SlipState.CANCELLED, SlipState.CANCEL_REQUESTED, SlipState.OWNER_REFUSED}:
        return Code.CANCELLED
    if ledger.state is SlipState.SUPERSEDED or ledger.rev != claims.rev:
        return Code.SUPERSEDED
    if ledger.state is not SlipState.ISSUED:
        return Code.UNKNOWN_SLIP
    if not ledger.right:
        return Code.NO_RIGHT_HERE
    return Code.PARTIAL_REMAINS if any(ledger.released.values()) else Code.OK
