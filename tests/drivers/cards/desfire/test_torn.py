"""A DESFire card torn away at any command is the old card or the new one, and the next tap finishes it or wipes it."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import desfire
from drivers.cards.exchange import Procedure
from gateway.domain.card_data import CardData, CardKind
from gateway.ports import DeviceOfflineError
from gateway.ports.cards import CardKeys, FoundCard, FoundState
from simulators.cards.mortal import Mortal
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, Tap, counting, data, keys, plan, with_options

GENERATIONS = {"desfire-ev1": CardKind.DESFIRE_EV1, "desfire-ev2": CardKind.DESFIRE_EV2}
BOTH = keys(1, 2)
RANDOM = counting()


@dataclass(frozen=True)
class Story:
    """What lay there before, what is done, and what may be read from the card wherever it is torn away."""

    before: CardData | None
    after: CardData | None
    keys: CardKeys

    def work(self, kind: CardKind) -> Procedure[None]:
        if self.after is None:
            assert self.before is not None
            return desfire.wipe(plan(kind, self.before.key_version), self.keys, RANDOM)
        return write(kind, self.after, self.keys)


STORIES = {
    "issue": Story(None, data(1), keys(1)),
    "re-key": Story(data(1), data(2, 2), BOTH),
    "re-encode": Story(data(1), data(1, 7), keys(1)),
    "wipe": Story(data(1), None, keys(1)),
}


def write(kind: CardKind, wanted: CardData, known: CardKeys) -> Procedure[None]:
    number = int.from_bytes(wanted.number)
    return desfire.personalise(plan(kind, wanted.key_version, number), known, RANDOM)


def look(tap: Tap, kind: CardKind, known: CardKeys = BOTH) -> FoundCard:
    return tap.run(desfire.look(UID, kind, known, TEMPLATES, site_number=SITE, random=RANDOM))


def number(tap: Tap, kind: CardKind, known: CardKeys = BOTH) -> CardData | None:
    return tap.run(desfire.read_number(UID, kind, known, TEMPLATES, site_number=SITE, random=RANDOM))


def prepared(name: str, story: Story) -> dict[str, Any]:
    """The card's memory before the work begins."""
    tap = Tap.of(name)
    if story.before is not None:
        tap.run(write(GENERATIONS[name], story.before, keys(1)))
    return deepcopy(tap.mortal.logic.dump())  # type: ignore[attr-defined]  # every card of the catalogue has it


def laid(name: str, memory: dict[str, Any]) -> Tap:
    tap = Tap.of(name)
    tap.mortal.logic.load(deepcopy(memory))  # type: ignore[attr-defined]  # as above
    return tap


def memory_of(tap: Tap) -> dict[str, Any]:
    return deepcopy(tap.mortal.logic.dump())  # type: ignore[attr-defined]  # as above


def cuts(name: str, story: Story, memory: dict[str, Any]) -> Iterator[tuple[str, Tap]]:
    """The card, torn away before and after each single command of the work."""
    whole = laid(name, memory)
    whole.run(story.work(GENERATIONS[name]))
    for at in range(1, len(whole.card.sent) + 1):
        for when in ("die_before", "die_after"):
            tap = laid(name, memory)
            tap.mortal.doom(**{when: at})
            with pytest.raises(DeviceOfflineError):
                tap.run(story.work(GENERATIONS[name]))
            yield f"{when} {at}", tap


@pytest.mark.parametrize("name", GENERATIONS)
@pytest.mark.parametrize("title", STORIES)
def test_every_cut_is_mended_by_the_next_tap(name: str, title: str) -> None:
    """Before and after each command: old or new to a gate; then finished by the same work, or wiped to factory."""
    story, kind = STORIES[title], GENERATIONS[name]
    memory, factory = prepared(name, story), memory_of(Tap.of(name))
    places = 0
    for place, tap in cuts(name, story, memory):
        places += 1
        assert number(tap, kind) in {story.before, story.after}, place
        assert look(tap, kind).state not in {FoundState.FOREIGN, FoundState.LOCKED}, place
        assert tap.refusals == 0, place
        torn = memory_of(tap)
        tap.run(story.work(kind))
        assert tap.refusals == 0, place
        found = look(tap, kind)
        assert found.data == story.after, place
        assert found.state is (FoundState.OURS if story.after else FoundState.BLANK), place
        wiped = laid(name, torn)
        wiped.run(desfire.wipe(plan(kind, story.keys.current), story.keys, RANDOM))
        assert memory_of(wiped) == factory, place
    assert places >= 2 * 10


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_card_torn_away_in_wiping_may_be_issued_again(name: str) -> None:
    """Whatever a broken wipe left there, personalising makes a whole card of it."""
    story, kind = STORIES["wipe"], GENERATIONS[name]
    for place, tap in cuts(name, story, prepared(name, story)):
        tap.run(write(kind, data(2, 9), BOTH))
        assert look(tap, kind) == FoundCard(UID, kind, FoundState.OURS, data(2, 9), 2), place


@pytest.mark.parametrize("name", GENERATIONS)
def test_options_for_ever_are_finished_too(name: str) -> None:
    """Torn away around the last command, a card may forbid formatting already: the next tap finishes or wipes it."""
    kind, templates = GENERATIONS[name], with_options(forbid_format=True)
    wanted = plan(kind, 1, templates=templates)
    whole = Tap.of(name)
    whole.run(desfire.personalise(wanted, keys(1), RANDOM))
    for at in range(1, len(whole.card.sent) + 1):
        for when in ("die_before", "die_after"):
            tap = Tap.of(name)
            tap.mortal.doom(**{when: at})
            with pytest.raises(DeviceOfflineError):
                tap.run(desfire.personalise(wanted, keys(1), RANDOM))
            tap.run(desfire.personalise(wanted, keys(1), RANDOM))
            assert memory_of(tap) == memory_of(whole), (when, at)
            tap.run(desfire.wipe(wanted, keys(1), RANDOM))
            assert look(tap, kind).state is FoundState.BLANK, (when, at)
            assert tap.refusals == 0


Work = Callable[[CardKind], Procedure[None]]
WORKS: list[Work] = [
    lambda kind: write(kind, data(1, 1), BOTH),
    lambda kind: write(kind, data(2, 2), BOTH),
    lambda kind: write(kind, data(1, 3), BOTH),
    lambda kind: desfire.wipe(plan(kind, 2), BOTH, RANDOM),
]
TORN = st.tuples(st.sampled_from(WORKS), st.sampled_from(["die_before", "die_after"]), st.integers(1, 34))


@given(st.sampled_from(sorted(GENERATIONS)), st.lists(TORN, max_size=6))
@settings(max_examples=60, deadline=None)
def test_cut_upon_cut_is_mended(name: str, story: list[tuple[Work, str, int]]) -> None:
    """Any row of works, each torn away somewhere: one more tap makes a whole card, and one more a blank one."""
    kind, tap = GENERATIONS[name], Tap.of(name)
    for work, when, at in story:
        tap.mortal.doom(**{when: at})
        try:
            tap.run(work(kind))
        except DeviceOfflineError:
            continue
    tap.mortal.doom()
    tap.run(write(kind, data(2, 5), BOTH))
    assert number(tap, kind) == data(2, 5)
    assert look(tap, kind).state is FoundState.OURS
    tap.run(desfire.wipe(plan(kind, 2), BOTH, RANDOM))
    assert memory_of(tap) == memory_of(Tap.of(name))


def test_mortal_cards_forget_their_death() -> None:
    """A doom counts once: what is laid down again answers."""
    tap = Tap.of("desfire-ev1")
    assert isinstance(tap.mortal, Mortal)
    tap.mortal.doom(die_before=1)
    with pytest.raises(DeviceOfflineError):
        look(tap, CardKind.DESFIRE_EV1)
    assert look(tap, CardKind.DESFIRE_EV1).state is FoundState.BLANK
