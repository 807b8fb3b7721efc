"""A genuine slip has exactly one verdict here and now, and every verdict has a colour and a sentence."""

from dataclasses import replace

import pytest

from gateway.domain.slip import SlipClaims, SlipState
from gateway.domain.slip_verdict import COLOURS, GRAVE, SENTENCES, Code, Colour, Ledger, judge
from tests.gateway.domain.test_slip import CLAIMS

LEDGER = Ledger(SlipState.ISSUED, 0, {1: 3}, {1: 0})


def code(
    claims: SlipClaims = CLAIMS, *, post: int = 0, now_min: int = 120, site: int = 7, ledger: Ledger | None = LEDGER
) -> Code:
    return judge(claims, site=site, post=post, now_min=now_min, ledger=ledger)


@pytest.mark.parametrize(
    ("now_min", "expected"),
    [(99, Code.NOT_YET_VALID), (100, Code.OK), (159, Code.OK), (160, Code.EXPIRED)],
)
def test_window(now_min: int, expected: Code) -> None:
    """The window is half-open: good from its first minute, over with its last."""
    assert code(now_min=now_min) is expected


def test_place() -> None:
    """Another compound's slip, another gate's, and the home gate even when no bit names it."""
    assert code(site=8) is Code.WRONG_SITE
    assert code(post=1) is Code.WRONG_GATE
    assert code(replace(CLAIMS, gates=frozenset()), post=0) is Code.OK
    assert code(replace(CLAIMS, gates=frozenset({1})), post=1) is Code.OK


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        (None, Code.UNKNOWN_SLIP),
        (replace(LEDGER, state=SlipState.CANCELLED), Code.CANCELLED),
        (replace(LEDGER, state=SlipState.CANCEL_REQUESTED), Code.CANCELLED),
        (replace(LEDGER, state=SlipState.OWNER_REFUSED), Code.CANCELLED),
        (replace(LEDGER, state=SlipState.SUPERSEDED), Code.SUPERSEDED),
        (replace(LEDGER, rev=1), Code.SUPERSEDED),
        (replace(LEDGER, state=SlipState.DRAFT), Code.UNKNOWN_SLIP),
        (replace(LEDGER, right={}), Code.NO_RIGHT_HERE),
        (replace(LEDGER, released={1: 1}), Code.PARTIAL_REMAINS),
        (replace(LEDGER, released={1: 3}), Code.ALREADY_RELEASED),
        (replace(LEDGER, right={1: 3, 2: 1}, released={1: 3}), Code.PARTIAL_REMAINS),
    ],
)
def test_book(ledger: Ledger | None, expected: Code) -> None:
    """What the book says of the slip decides."""
    assert code(ledger=ledger) is expected


def test_a_repeat_is_told_first() -> None:
    """A slip that left is "already released", even when it has expired or is shown at another gate since."""
    gone = replace(LEDGER, released={1: 3})
    assert code(now_min=9999, ledger=gone) is Code.ALREADY_RELEASED
    assert code(post=5, ledger=gone) is Code.ALREADY_RELEASED


def test_every_code_is_said() -> None:
    """No code without a colour and a sentence; what alarms is never green."""
    assert set(COLOURS) == set(SENTENCES) == set(Code)
    assert Colour.GREEN not in {COLOURS[grave] for grave in GRAVE}
    for sentence in SENTENCES.values():
        assert (sentence % {"slip_no": 1, "home": "north", "plate": "X"}).endswith(".")
