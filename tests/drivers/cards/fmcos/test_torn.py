"""A FMCOS card pulled away at any command is finished or wiped by the next tap."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import fmcos
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardKeys, EncodePlan, FoundState
from simulators.cards.catalogue import make
from tests.drivers.cards.desk import Tap, keys
from tests.drivers.cards.fmcos.bench import RANDOM, UID, FmcosTap, blank, look, ours, planned, read
from tests.drivers.cards.torn import cuts, tear

OLD, BOTH = keys(1), keys(1, 2)
FIRST, AGAIN, AWAY = planned(), planned(2, 2, before=1), planned(before=1)


def blank_short() -> FmcosTap:
    return blank().with_main_key(b"\xff" * 8)


def ours_short() -> FmcosTap:
    tap = blank_short()
    tap.run(fmcos.personalise(FIRST, OLD, RANDOM))
    return tap


Case = tuple[Callable[[], Tap], Callable[[], Procedure[None]], EncodePlan, CardKeys]
CASES: dict[str, Case] = {
    "first issue, short main key": (blank_short, lambda: fmcos.personalise(FIRST, OLD, RANDOM), FIRST, OLD),
    "new keys, short main key": (ours_short, lambda: fmcos.personalise(AGAIN, BOTH, RANDOM), AGAIN, BOTH),
    "wipe, short main key": (ours_short, lambda: fmcos.wipe(AWAY, OLD, RANDOM), AWAY, OLD),
    "first issue": (blank, lambda: fmcos.personalise(FIRST, OLD, RANDOM), FIRST, OLD),
    "new keys": (ours, lambda: fmcos.personalise(AGAIN, BOTH, RANDOM), AGAIN, BOTH),
    "wipe": (ours, lambda: fmcos.wipe(AWAY, OLD, RANDOM), AWAY, OLD),
}


def is_as_planned(tap: Tap, work: EncodePlan, known: CardKeys) -> bool:
    return tap.run(read(known)) == work.data


def is_blank(tap: Tap) -> bool:
    """The maker's main key, of either length, and no file and key left in what was ours."""
    assert isinstance(tap, FmcosTap)
    mf, new = tap.dump()["mf"], make("fmcos", UID).dump()["mf"]
    is_empty = all(not df["files"] and df["key_file"] is None for df in mf.pop("children"))
    key, factory = (each["key_file"]["keys"][0].pop("value") for each in (mf, new))
    return is_empty and key in {factory, factory[:16]} and mf.items() <= new.items()


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


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from([FIRST, AWAY, AGAIN]), TEARS)
def test_any_number_of_tears_is_finished(wanted: EncodePlan, tears: list[tuple[int, bool]]) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, fmcos.personalise(wanted, BOTH, RANDOM), place, carried_out=carried_out)
    tap.run(fmcos.personalise(wanted, BOTH, RANDOM))
    assert is_as_planned(tap, wanted, BOTH)


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from([FIRST, AWAY, AGAIN]), TEARS, TEARS)
def test_any_number_of_tears_is_wiped(
    wanted: EncodePlan, tears: list[tuple[int, bool]], later: list[tuple[int, bool]]
) -> None:
    tap = blank() if wanted is FIRST else ours()
    for place, carried_out in tears:
        tear(tap, fmcos.personalise(wanted, BOTH, RANDOM), place, carried_out=carried_out)
    for place, carried_out in later:
        tear(tap, fmcos.wipe(wanted, BOTH, RANDOM), place, carried_out=carried_out)
    tap.run(fmcos.wipe(wanted, BOTH, RANDOM))
    assert is_blank(tap)


def test_a_card_is_wiped_whose_change_of_keys_was_given_up() -> None:
    """The plan to wipe it knows only the old version, by which the card still shows itself."""
    for tap in cuts(ours, lambda: fmcos.personalise(AGAIN, BOTH, RANDOM)):
        if tap.run(look(BOTH)).key_version == 1:
            tap.run(fmcos.wipe(AWAY, BOTH, RANDOM))
            assert is_blank(tap)
