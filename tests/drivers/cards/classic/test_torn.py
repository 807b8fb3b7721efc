"""A MIFARE Classic card pulled away at any command is finished or wiped by the next tap."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import classic
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardKeys, EncodePlan, FoundState
from simulators.cards.catalogue import make
from tests.drivers.cards.classic.test_work import RANDOM, UID, blank, look, on_card, ours, planned, read
from tests.drivers.cards.desk import Tap, keys
from tests.drivers.cards.torn import cuts, tear

OLD, BOTH = keys(1), keys(1, 2)
FIRST, AGAIN, AWAY = planned(), planned(2, 2, before=1), planned(before=1)
Case = tuple[Callable[[], Tap], Callable[[], Procedure[None]], EncodePlan, CardKeys]
CASES: dict[str, Case] = {
    "first issue": (blank, lambda: classic.personalise(FIRST, OLD, RANDOM), FIRST, OLD),
    "new keys": (ours, lambda: classic.personalise(AGAIN, BOTH, RANDOM), AGAIN, BOTH),
    "wipe": (ours, lambda: classic.wipe(AWAY, OLD, RANDOM), AWAY, OLD),
}


def is_as_planned(tap: Tap, work: EncodePlan, known: CardKeys) -> bool:
    version = work.data.key_version
    return tap.run(read(known)) == on_card(version, int.from_bytes(work.data.number))


def is_blank(tap: Tap) -> bool:
    return bool(tap.mortal.logic.dump() == make("classic", UID).dump())  # type: ignore[attr-defined]  # all have it


@pytest.mark.parametrize("case", CASES)
def test_the_next_tap_finishes(case: str) -> None:
    prepare, work, wanted, known = CASES[case]
    places = 0
    for tap in cuts(prepare, work):
        tap.run(classic.personalise(wanted, known, RANDOM))
        assert tap.refusals <= 2
        assert is_as_planned(tap, wanted, known)
        places += 1
    assert places >= 28


@pytest.mark.parametrize("case", CASES)
def test_the_next_tap_wipes(case: str) -> None:
    prepare, work, wanted, known = CASES[case]
    for tap in cuts(prepare, work):
        tap.run(classic.wipe(wanted, known, RANDOM))
        assert tap.refusals <= 2
        assert is_blank(tap)


@pytest.mark.parametrize("case", CASES)
def test_the_desk_is_told_what_lies_there(case: str) -> None:
    prepare, work, _, known = CASES[case]
    seen = set()
    for tap in cuts(prepare, work):
        hint = CardKeys(known.current, known.sets, likely=None if prepare is blank else 1)
        seen.add(tap.run(look(hint)).state)
        assert tap.refusals <= 2
    assert seen <= {FoundState.BLANK, FoundState.TORN, FoundState.OURS}
    assert FoundState.OURS in seen


TEARS = st.lists(st.tuples(st.integers(1, 18), st.booleans()), max_size=4)


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from([FIRST, AWAY, AGAIN]), TEARS)
def test_any_number_of_tears_is_finished(wanted: EncodePlan, tears: list[tuple[int, bool]]) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, classic.personalise(wanted, BOTH, RANDOM), place, carried_out=carried_out)
    tap.run(classic.personalise(wanted, BOTH, RANDOM))
    assert is_as_planned(tap, wanted, BOTH)


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from([FIRST, AWAY]), TEARS, TEARS)
def test_any_number_of_tears_is_wiped(
    wanted: EncodePlan, tears: list[tuple[int, bool]], later: list[tuple[int, bool]]
) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, classic.personalise(wanted, OLD, RANDOM), place, carried_out=carried_out)
    for place, carried_out in later:
        tear(tap, classic.wipe(wanted, OLD, RANDOM), place, carried_out=carried_out)
    tap.run(classic.wipe(wanted, OLD, RANDOM))
    assert is_blank(tap)
