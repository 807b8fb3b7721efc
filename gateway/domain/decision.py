"""Who may pass: one pure function, the same at the gateway, at every controller and behind "why?"."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.domain.schedule import Calendar
from gateway.domain.whitelist import EXIT_ONLY, Terms, Whitelist


class Direction(StrEnum):
    """Which way a portal leads."""

    IN = "in"
    OUT = "out"


class StalePolicy(StrEnum):
    """What a portal does with a list that has not been confirmed in time."""

    HOLD = "hold"
    DENY = "deny"


class PortalMode(StrEnum):
    """``normal`` asks the lists; ``held_open`` stands open; ``locked_out`` admits nobody (it never locks anyone in)."""

    NORMAL = "normal"
    HELD_OPEN = "held_open"
    LOCKED_OUT = "locked_out"


class Reason(StrEnum):
    """Why a credential was denied. Stable: pages, alarms and controllers name them."""

    UNKNOWN = "unknown_credential"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    OUTSIDE_SCHEDULE = "outside_schedule"
    EXIT_ONLY = "exit_only"
    LIST_STALE = "list_stale"
    LOCKED_OUT = "locked_out"
    NO_LIST = "no_list"


# The reason that says most wins when several lists deny.
_WEIGHT: Final = {
    Reason.NO_LIST: 0,
    Reason.UNKNOWN: 1,
    Reason.EXPIRED: 2,
    Reason.NOT_YET_VALID: 3,
    Reason.OUTSIDE_SCHEDULE: 4,
    Reason.EXIT_ONLY: 5,
    Reason.LIST_STALE: 6,
}


@dataclass(frozen=True, slots=True)
class PortalPolicy:
    """What a portal needs to decide. ``offline_grace_s`` counts from the moment a list went stale."""

    portal: str
    direction: Direction
    lists: tuple[str, ...]
    mode: PortalMode = PortalMode.NORMAL
    stale: StalePolicy = StalePolicy.HOLD
    offline_grace_s: int = 7 * 24 * 3600


class Granted(NamedTuple):
    """May pass: which entry of which list, at which version, says so."""

    list: str
    epoch: int
    version: int
    terms: Terms

    @property
    def granted(self) -> bool:
        """True: the barrier may move."""
        return True


class Denied(NamedTuple):
    """May not pass, and the reason that says most about it; ``list`` and ``terms`` where an entry was found."""

    reason: Reason
    list: str | None = None
    epoch: int = 0
    version: int = 0
    terms: Terms | None = None

    @property
    def granted(self) -> bool:
        """False: nothing moves."""
        return False


Decision = Granted | Denied

# Bound once: this function runs for every card at every gate.
_IN: Final = Direction.IN
_LOCKED_OUT: Final = PortalMode.LOCKED_OUT
_LOCKED: Final = Denied(Reason.LOCKED_OUT)
_NO_LIST: Final = Denied(Reason.NO_LIST)


def decide(policy: PortalPolicy, lists: Mapping[str, Whitelist], calendar: Calendar, key: bytes, at: int) -> Decision:
    """Whether the credential ``key`` may pass the portal at ``at`` (unix seconds).

    Any list of the portal may grant. A lock-out denies entry and never exit.
    """
    if policy.mode is _LOCKED_OUT and policy.direction is _IN:
        return _LOCKED
    best = _NO_LIST
    for name in policy.lists:
        whitelist = lists.get(name)
        if whitelist is None:
            continue
        terms = whitelist.get(key)
        if terms is None:
            if best is _NO_LIST:
                best = Denied(Reason.UNKNOWN, name, whitelist.epoch, whitelist.version)
            continue
        reason = _refusal(policy, whitelist, calendar, terms, at)
        if reason is None:
            return Granted(name, whitelist.epoch, whitelist.version, terms)
        if _WEIGHT[reason] > _WEIGHT[best.reason]:
            best = Denied(reason, name, whitelist.epoch, whitelist.version, terms)
    return best


def _refusal(policy: PortalPolicy, whitelist: Whitelist, calendar: Calendar, terms: Terms, at: int) -> Reason | None:
    """Why this entry does not admit now, or None when it does."""
    valid_from, valid_until, schedule, flags = terms
    if at >= valid_until != 0xFFFF_FFFF:
        return Reason.EXPIRED
    if at < valid_from:
        return Reason.NOT_YET_VALID
    if schedule and not calendar.admits(schedule, at):
        return Reason.OUTSIDE_SCHEDULE
    if flags & EXIT_ONLY and policy.direction is Direction.IN:
        return Reason.EXIT_ONLY
    fresh_until = whitelist.fresh_until
    if fresh_until is not None and at >= fresh_until and _too_stale(policy, at - fresh_until):
        return Reason.LIST_STALE
    return None


def _too_stale(policy: PortalPolicy, stale_s: int) -> bool:
    return policy.stale is StalePolicy.DENY or stale_s >= policy.offline_grace_s
