"""Release slips (物品放行条): goods leave exactly once.

A slip's QR can be copied, so no signature makes it single-use: the right to release each line sits
at one post and is spent there. Token layout: gateway/signing/slip_token.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import MalformedError, RuleViolationError

MAX_ITEMS: Final = 40
MAX_TEXT: Final = 2000


class SlipKind(StrEnum):
    """Whose goods leave, which decides whose consent is needed."""

    HOUSEHOLD = "household"
    MOVE_OUT = "move_out"
    TENANT = "tenant"
    SHOP = "shop"
    CONTRACTOR = "contractor"
    INTERNAL = "internal"


class ConsentMethod(IntEnum):
    """How the owner agreed; the number is what the token carries."""

    SIGNED_AT_DESK = 0
    APP = 1
    PHONE = 2
    CARD_TAP = 3
    LETTER = 4


class SlipState(StrEnum):
    """Where the desk's authorisation stands. "Expired" and "released" are derived, never stored."""

    DRAFT = "draft"
    OWNER_PENDING = "owner_pending"
    OWNER_CONFIRMED = "owner_confirmed"
    OWNER_REFUSED = "owner_refused"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"


class SlipEvent(StrEnum):
    """What the desk does with a slip."""

    ASK_OWNER = "ask_owner"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    ISSUE = "issue"
    SUPERSEDE = "supersede"
    REQUEST_CANCEL = "request_cancel"
    CANCEL = "cancel"


_S = SlipState
_E = SlipEvent
TRANSITIONS: Final[Mapping[tuple[SlipState, SlipEvent], SlipState]] = MappingProxyType(
    {
        (_S.DRAFT, _E.ASK_OWNER): _S.OWNER_PENDING,
        (_S.DRAFT, _E.CONFIRM): _S.OWNER_CONFIRMED,
        (_S.OWNER_PENDING, _E.CONFIRM): _S.OWNER_CONFIRMED,
        (_S.OWNER_PENDING, _E.REFUSE): _S.OWNER_REFUSED,
        (_S.OWNER_CONFIRMED, _E.REFUSE): _S.OWNER_REFUSED,
        (_S.OWNER_CONFIRMED, _E.ISSUE): _S.ISSUED,
        (_S.DRAFT, _E.CANCEL): _S.CANCELLED,
        (_S.OWNER_PENDING, _E.CANCEL): _S.CANCELLED,
        (_S.OWNER_CONFIRMED, _E.CANCEL): _S.CANCELLED,
        (_S.ISSUED, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.ISSUED, _E.REQUEST_CANCEL): _S.CANCEL_REQUESTED,
        (_S.ISSUED, _E.CANCEL): _S.CANCELLED,
        (_S.CANCEL_REQUESTED, _E.CANCEL): _S.CANCELLED,
    }
)


def next_state(state: SlipState, event: SlipEvent, *, slip_no: int) -> SlipState:
    """Where ``event`` takes a slip, or RuleViolationError."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise RuleViolationError(
            "R-SLIP-7", "Slip %(slip_no)s is %(state)s; it cannot %(event)s.", slip_no=slip_no, state=state, event=event
        ) from None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of goods. ``qty`` counts whole ``unit``s."""

    line: int
    name: str
    qty: int
    unit: str = "件"
    serial: str | None = None


def check_items(items: Sequence[Item]) -> None:
    """Every field filled (R-SLIP-5), lines numbered 1, 2, 3…, at most 40 of them."""
    fields: dict[str, str] = {}
    if not items:
        fields["items"] = "at least one line"
    if len(items) > MAX_ITEMS:
        fields["items"] = "at most 40 lines"
    for expected, item in enumerate(items, 1):
        where = f"items.{expected - 1}"
        if item.line != expected:
            fields[f"{where}.line"] = "lines are numbered 1, 2, 3…"
        if not 1 <= len(item.name.strip()) <= 60:
            fields[f"{where}.name"] = "1 to 60 characters"
        if not 1 <= item.qty <= 9999:
            fields[f"{where}.qty"] = "1 to 9999"
        if not 1 <= len(item.unit.strip()) <= 10:
            fields[f"{where}.unit"] = "1 to 10 characters"
    if fields:
        raise RuleViolationError("R-SLIP-5", "The list of goods is not complete.", fields=fields)


@dataclass(frozen=True, slots=True)
class SlipClaims:
    """What a slip's token says. Times are minutes since 2025-01-01T00:00Z; the window is [iat, iat + ttl)."""

    site: int
    slip_no: int
    rev: int
    flags: int
    iat_min: int
    ttl_min: int
    gates: frozenset[int]
    home: int
    unit: str | None
    plate: str | None
    consent: ConsentMethod
    consent_min_before: int
    items: int
    total_qty: int
    items_digest: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.home <= 31 or any(not 0 <= g <= 31 for g in self.gates):
            raise MalformedError("Guard posts are numbered 0 to 31.", fields={"home": "0 to 31"})
        if len(self.items_digest) != 16:
            raise MalformedError("The digest of the goods has 16 bytes.")


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
