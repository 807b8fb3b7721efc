"""A FMCOS card pulled away at any command is finished or wiped by the next tap."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards import fmcos
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardKeys, EncodePlan, FoundState
from simulators.cards.catalogue import make
from tests.drivers.cards.desk import Tap, keys
from tests.drivers.cards.fmcos.bench import RANDOM, FmcosTap, blank, look, ours, planned, read
from tests.drivers.cards.torn import cuts, tear

OLD, BOTH = keys(1), keys(1, 2)
FIRST, AGAIN, AWAY = planned(), planned(2, 2, before=1), planned(before=1)
Case = tuple[Callable[[], Tap], Callable[[], Procedure[None]], EncodePlan, CardKeys]
CASES: dict[str, Case] = {
    "first issue": (blank, lambda: fmcos.personalise(FIRST, OLD, RANDOM), FIRST, OLD),
    "new keys": (ours, lambda: fmcos.personalise(AGAIN, BOTH, RANDOM), AGAIN, BOTH),
    "wipe": (ours, lambda: fmcos.wipe(AWAY, OLD, RANDOM), AWAY, OLD),
}


def is_as_planned(tap: Tap, work: EncodePlan, known: CardKeys) -> bool:
    return tap.run(read(known)) == work.data


def is_blank(tap: Tap) -> bool:
    assert isinstance(tap, FmcosTap)
    mf = tap.dump()["mf"]
    is_empty = all(not df["files"] and df["key_file"] is None for df in mf.pop("children"))
    return is_empty and mf.items() <= make("fmcos", tap.mortal.logic.uid).dump()["mf"].items()  # type: ignore[attr-defined]  # every card has one


@pytest.mark.parametrize("case", CASES)
def test_the_next_tap_finishes(case: str) -> None:
    prepare, work, wanted, known = CASES[case]
    places = 0
    for tap in cuts(prepare, work):
        tap.run(fmcos.personalise(wanted, known, RANDOM))
        assert is_as_planned(tap, wanted, known)
        places += 1
    assert places >= 36


@pytest.mark.parametrize("case", CASES)
def test_the_next_tap_wipes(case: str) -> None:
    prepare, work, wanted, known = CASES[case]
    for tap in cuts(prepare, work):
        tap.run(fmcos.wipe(wanted, known, RANDOM))
        assert is_blank(tap)


@pytest.mark.parametrize("case", CASES)
def test_the_desk_is_told_what_lies_there(case: str) -> None:
    prepare, work, _, known = CASES[case]
    seen = set()
    for tap in cuts(prepare, work):
        seen.add(tap.run(look(known)).state)
    assert seen <= {FoundState.BLANK, FoundState.TORN, FoundState.OURS}
    assert FoundState.OURS in seen


TEARS = st.lists(st.tuples(st.integers(1, 28), st.booleans()), max_size=4)


@given(st.sampled_from([FIRST, AWAY, AGAIN]), TEARS)
def test_any_number_of_tears_is_finished(wanted: EncodePlan, tears: list[tuple[int, bool]]) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, fmcos.personalise(wanted, BOTH, RANDOM), place, carried_out=carried_out)
    tap.run(fmcos.personalise(wanted, BOTH, RANDOM))
    assert is_as_planned(tap, wanted, BOTH)


@given(st.sampled_from([FIRST, AWAY]), TEARS, TEARS)
def test_any_number_of_tears_is_wiped(
    wanted: EncodePlan, tears: list[tuple[int, bool]], later: list[tuple[int, bool]]
) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, fmcos.personalise(wanted, OLD, RANDOM), place, carried_out=carried_out)
    for place, carried_out in later:
        tear(tap, fmcos.wipe(wanted, OLD, RANDOM), place, carried_out=carried_out)
    tap.run(fmcos.wipe(wanted, OLD, RANDOM))
    assert is_blank(tap)
