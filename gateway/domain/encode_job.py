"""Work on a card that lies on an encoder, and its life cycle: the transitions as a table.

An exception in the middle tells nothing about the card, so every failure leads to ``unknown``; only the card
lying on an encoder again resolves it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import ConflictError

LEASE_S: Final = 120
"""How long a desk has a job to itself without a sign of life."""


class JobKind(StrEnum):
    """What shall become of the card."""

    ISSUE = "issue"
    REPLACE = "replace"
    REENCODE = "reencode"
    WIPE = "wipe"
    RECOVER = "recover"


WIPES: Final = frozenset({JobKind.WIPE, JobKind.RECOVER})
"""Work that takes our data off a card: wiped first, and blank in the end."""

GRANTS: Final = frozenset({JobKind.ISSUE, JobKind.REPLACE})
"""Work after which a card opens doors that it did not open before."""


class JobState(StrEnum):
    """Where the work stands."""

    PLANNED = "planned"
    INTENT = "intent"
    WRITING = "writing"
    VERIFYING = "verifying"
    UNKNOWN = "unknown"
    WIPING = "wiping"
    ACTIVE = "active"
    DONE = "done"
    CANCELLED = "cancelled"


class JobEvent(StrEnum):
    """What can happen to it."""

    START = "start"
    MARK = "mark"
    VERIFY = "verify"
    FAIL = "fail"
    FINISH = "finish"
    CANCEL = "cancel"
    WIPE = "wipe"
    WIPED = "wiped"
    ABANDON = "abandon"
    REFUSE = "refuse"


_S = JobState
_E = JobEvent

OPEN: Final = frozenset({_S.PLANNED, _S.INTENT, _S.WRITING, _S.VERIFYING, _S.UNKNOWN, _S.WIPING})
"""States in which a card is promised to the job: no other job may touch it."""

RUNNING: Final = frozenset({_S.INTENT, _S.WRITING, _S.VERIFYING})
"""States in which a desk writes on the card, under a lease; when that ends, what is on the card is unknown."""

TRANSITIONS: Final[Mapping[tuple[JobState, JobEvent], JobState]] = MappingProxyType(
    {
        (_S.PLANNED, _E.START): _S.INTENT,
        (_S.UNKNOWN, _E.START): _S.INTENT,
        (_S.INTENT, _E.MARK): _S.WRITING,
        (_S.WRITING, _E.MARK): _S.WRITING,
        (_S.INTENT, _E.VERIFY): _S.VERIFYING,
        (_S.WRITING, _E.VERIFY): _S.VERIFYING,
        (_S.VERIFYING, _E.FINISH): _S.ACTIVE,
        (_S.PLANNED, _E.FAIL): _S.PLANNED,
        (_S.UNKNOWN, _E.FAIL): _S.UNKNOWN,
        (_S.INTENT, _E.FAIL): _S.UNKNOWN,
        (_S.WRITING, _E.FAIL): _S.UNKNOWN,
        (_S.VERIFYING, _E.FAIL): _S.UNKNOWN,
        (_S.PLANNED, _E.CANCEL): _S.CANCELLED,
        (_S.INTENT, _E.CANCEL): _S.WIPING,
        (_S.WRITING, _E.CANCEL): _S.WIPING,
        (_S.VERIFYING, _E.CANCEL): _S.WIPING,
        (_S.UNKNOWN, _E.CANCEL): _S.WIPING,
        (_S.PLANNED, _E.WIPE): _S.WIPING,
        (_S.WIPING, _E.WIPE): _S.WIPING,
        (_S.WIPING, _E.MARK): _S.WIPING,
        (_S.WIPING, _E.FAIL): _S.WIPING,
        (_S.WIPING, _E.WIPED): _S.DONE,
        (_S.INTENT, _E.REFUSE): _S.CANCELLED,
        (_S.WRITING, _E.REFUSE): _S.CANCELLED,
        (_S.UNKNOWN, _E.ABANDON): _S.CANCELLED,
        (_S.WIPING, _E.ABANDON): _S.CANCELLED,
    }
)
"""What failed before it began changes nothing, nor does a card that let nobody write on it (REFUSE).

A wipe that failed half-way is still a wipe.
"""

_SENTENCES: Final[Mapping[JobState, str]] = MappingProxyType(
    {
        _S.PLANNED: "This work has not begun yet. Lay the card on the encoder to begin.",
        _S.UNKNOWN: "This work was interrupted and nobody knows what is on the card. Lay it on an encoder again.",
        _S.WIPING: "This card is being wiped and comes into no other use before that. Lay it on an encoder to go on.",
        _S.ACTIVE: "This card is written and active already; there is nothing left to do.",
        _S.DONE: "This card is wiped already; there is nothing left to do.",
        _S.CANCELLED: "This work was cancelled. Begin anew with the card on the encoder.",
    }
)
_RUNNING_SENTENCE: Final = "This card is being written now. Leave it on the encoder until the page says so."


def next_state(state: JobState, event: JobEvent) -> JobState:
    """Where ``event`` takes the work, or ConflictError with what to do instead."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ConflictError(_SENTENCES.get(state, _RUNNING_SENTENCE)) from None
