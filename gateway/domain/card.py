"""A card and its life cycle: the transitions as a table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import RuleViolationError


class CardState(StrEnum):
    """Where a card stands. Only ``active`` opens anything."""

    BLANK = "blank"
    RESERVED = "reserved"
    ENCODED = "encoded"
    ACTIVE = "active"
    FROZEN = "frozen"
    PROVISIONAL_LOST = "provisional_lost"
    LOST = "lost"
    EXPIRED = "expired"
    RETURNED = "returned"
    DEFECTIVE = "defective"
    EXCHANGED = "exchanged"
    CONFISCATED = "confiscated"
    CANCELLED = "cancelled"
    SCRAPPED = "scrapped"


class CardEvent(StrEnum):
    """What can happen to a card."""

    RESERVE = "reserve"
    RELEASE = "release"
    ENCODE = "encode"
    ACTIVATE = "activate"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REPORT_LOSS = "report_loss"
    CONFIRM_LOSS = "confirm_loss"
    WITHDRAW_LOSS = "withdraw_loss"
    EXPIRE = "expire"
    RENEW = "renew"
    RETURN = "return"
    REPORT_DEFECT = "report_defect"
    EXCHANGE = "exchange"
    CONFISCATE = "confiscate"
    RESTORE = "restore"
    CANCEL = "cancel"
    RECOVER = "recover"
    SCRAP = "scrap"


_S = CardState
_E = CardEvent

TRANSITIONS: Final[Mapping[tuple[CardState, CardEvent], CardState]] = MappingProxyType(
    {
        (_S.BLANK, _E.RESERVE): _S.RESERVED,
        (_S.BLANK, _E.SCRAP): _S.SCRAPPED,
        (_S.RESERVED, _E.RELEASE): _S.BLANK,
        (_S.RESERVED, _E.ENCODE): _S.ENCODED,
        (_S.ENCODED, _E.ACTIVATE): _S.ACTIVE,
        (_S.ENCODED, _E.CANCEL): _S.CANCELLED,
        (_S.ACTIVE, _E.FREEZE): _S.FROZEN,
        (_S.FROZEN, _E.UNFREEZE): _S.ACTIVE,
        (_S.ACTIVE, _E.REPORT_LOSS): _S.PROVISIONAL_LOST,
        (_S.FROZEN, _E.REPORT_LOSS): _S.PROVISIONAL_LOST,
        (_S.EXPIRED, _E.REPORT_LOSS): _S.PROVISIONAL_LOST,
        (_S.PROVISIONAL_LOST, _E.CONFIRM_LOSS): _S.LOST,
        (_S.PROVISIONAL_LOST, _E.WITHDRAW_LOSS): _S.ACTIVE,
        (_S.PROVISIONAL_LOST, _E.CANCEL): _S.CANCELLED,
        (_S.LOST, _E.WITHDRAW_LOSS): _S.ACTIVE,
        (_S.LOST, _E.CANCEL): _S.CANCELLED,
        (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
        (_S.EXPIRED, _E.RENEW): _S.ACTIVE,
        (_S.ACTIVE, _E.RENEW): _S.ACTIVE,
        (_S.ACTIVE, _E.RETURN): _S.RETURNED,
        (_S.EXPIRED, _E.RETURN): _S.RETURNED,
        (_S.FROZEN, _E.RETURN): _S.RETURNED,
        (_S.RETURNED, _E.CANCEL): _S.CANCELLED,
        (_S.ACTIVE, _E.REPORT_DEFECT): _S.DEFECTIVE,
        (_S.DEFECTIVE, _E.EXCHANGE): _S.EXCHANGED,
        (_S.EXCHANGED, _E.SCRAP): _S.SCRAPPED,
        (_S.DEFECTIVE, _E.CANCEL): _S.CANCELLED,
        (_S.ACTIVE, _E.CONFISCATE): _S.CONFISCATED,
        (_S.FROZEN, _E.CONFISCATE): _S.CONFISCATED,
        (_S.EXPIRED, _E.CONFISCATE): _S.CONFISCATED,
        (_S.PROVISIONAL_LOST, _E.CONFISCATE): _S.CONFISCATED,
        (_S.LOST, _E.CONFISCATE): _S.CONFISCATED,
        (_S.CONFISCATED, _E.RESTORE): _S.ACTIVE,
        (_S.CONFISCATED, _E.CANCEL): _S.CANCELLED,
        (_S.ACTIVE, _E.CANCEL): _S.CANCELLED,
        (_S.FROZEN, _E.CANCEL): _S.CANCELLED,
        (_S.EXPIRED, _E.CANCEL): _S.CANCELLED,
        (_S.CANCELLED, _E.RECOVER): _S.BLANK,
        (_S.CANCELLED, _E.SCRAP): _S.SCRAPPED,
    }
)

HELD: Final = frozenset(CardState) - {_S.BLANK, _S.CANCELLED, _S.SCRAPPED, _S.EXCHANGED}
"""States in which a card belongs to someone: its UID is taken (R-CARD-12)."""

_SENTENCES: Final[Mapping[CardEvent, tuple[str, str]]] = MappingProxyType(
    {
        _E.WITHDRAW_LOSS: (
            "R-CARD-15",
            "Card %(number)s is %(state)s; a loss can be withdrawn only while reported and the card not replaced.",
        ),
        _E.RECOVER: ("R-CARD-21", "Card %(number)s is %(state)s; only a cancelled card can go back to stock."),
        _E.ACTIVATE: ("R-CARD-11", "Card %(number)s is %(state)s; it must be written and read back first."),
    }
)
_DONE: Final[Mapping[CardEvent, str]] = MappingProxyType(
    {
        _E.RESERVE: "reserved",
        _E.RELEASE: "put back into stock",
        _E.ENCODE: "encoded",
        _E.ACTIVATE: "activated",
        _E.FREEZE: "frozen",
        _E.UNFREEZE: "unfrozen",
        _E.REPORT_LOSS: "reported lost",
        _E.CONFIRM_LOSS: "confirmed lost",
        _E.WITHDRAW_LOSS: "reported found",
        _E.EXPIRE: "ended",
        _E.RENEW: "renewed",
        _E.RETURN: "returned",
        _E.REPORT_DEFECT: "reported defective",
        _E.EXCHANGE: "exchanged",
        _E.CONFISCATE: "confiscated",
        _E.RESTORE: "restored",
        _E.CANCEL: "cancelled",
        _E.RECOVER: "recovered",
        _E.SCRAP: "scrapped",
    }
)
"""What a card was when the event had happened, in the sentence that says it cannot be."""

_DEFAULT_SENTENCE: Final = ("R-CARD-27", "Card %(number)s is %(state)s; it cannot be %(event)s.")


def next_state(state: CardState, event: CardEvent, *, number: str = "?") -> CardState:
    """Where ``event`` takes a card, or RuleViolationError naming what stands in the way."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        rule, sentence = _SENTENCES.get(event, _DEFAULT_SENTENCE)
        raise RuleViolationError(rule, sentence, number=number, state=state, event=_DONE[event]) from None


def events_from(state: CardState) -> list[CardEvent]:
    """What can be done with a card in this state, for the buttons of a page."""
    return [event for (start, event) in TRANSITIONS if start is state]
