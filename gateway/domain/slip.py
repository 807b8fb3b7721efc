"""Release slips (物品放行条): goods leave exactly once.

A slip's QR can be copied, so no signature makes it single-use: the right to release each line sits
at one post and is spent there. Token layout: gateway/signing/slip_token.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
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


class SlipFlag(IntFlag):
    """What the token's four flag bits say."""

    SEVERAL_TRIPS = 4  # the goods may leave in several loads (R-SLIP-10)


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


_DONE: Final[Mapping[SlipEvent, str]] = MappingProxyType(
    {
        _E.ASK_OWNER: "sent to the owner",
        _E.CONFIRM: "confirmed",
        _E.REFUSE: "refused",
        _E.ISSUE: "issued",
        _E.SUPERSEDE: "replaced by another",
        _E.REQUEST_CANCEL: "withdrawn",
        _E.CANCEL: "voided",
    }
)
"""What a slip was when the event had happened, in the sentence that says it cannot be."""


def next_state(state: SlipState, event: SlipEvent, *, slip_no: int) -> SlipState:
    """Where ``event`` takes a slip, or RuleViolationError."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise RuleViolationError(
            "R-SLIP-7",
            "Slip %(slip_no)s is %(state)s; it cannot be %(event)s.",
            slip_no=slip_no,
            state=state,
            event=_DONE[event],
        ) from None


class Standing(StrEnum):
    """How a slip stands as people speak of it: its state, what has left, and the time."""

    DRAFT = "draft"
    AWAITING_CONSENT = "awaiting_consent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    ISSUED = "issued"
    PARTLY_RELEASED = "partly_released"
    RELEASED = "released"
    EXPIRED = "expired"
    EXPIRED_PARTLY_RELEASED = "expired_partly_released"
    SUPERSEDED = "superseded"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"


_PLAIN: Final[Mapping[SlipState, Standing]] = MappingProxyType(
    {
        _S.DRAFT: Standing.DRAFT,
        _S.OWNER_PENDING: Standing.AWAITING_CONSENT,
        _S.OWNER_CONFIRMED: Standing.CONFIRMED,
        _S.OWNER_REFUSED: Standing.REFUSED,
        _S.SUPERSEDED: Standing.SUPERSEDED,
        _S.CANCEL_REQUESTED: Standing.CANCEL_REQUESTED,
        _S.CANCELLED: Standing.CANCELLED,
    }
)


def standing_of(state: SlipState, *, total: int, released: int, expired: bool) -> Standing:
    """The standing of a slip of which ``released`` of ``total`` pieces have left."""
    if state is not SlipState.ISSUED:
        return _PLAIN[state]
    if released >= total:
        return Standing.RELEASED
    if expired:
        return Standing.EXPIRED_PARTLY_RELEASED if released else Standing.EXPIRED
    return Standing.PARTLY_RELEASED if released else Standing.ISSUED


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
