"""Cards that die at a command, are exchanged unseen, or lie there twice."""

import pytest

from simulators.cards.catalogue import make
from simulators.cards.mortal import CardGoneError, Doubled, Mortal, Swapped
from simulators.devices.vcard import Layable, UidCard

GET_UID = bytes.fromhex("FFCA000000")
FIRST, SECOND = bytes.fromhex("11111111"), bytes.fromhex("22222222")
LOAD = bytes.fromhex("FF82000006FFFFFFFFFFFF")
OPEN = bytes.fromhex("FF860000050100046000")
WRITE = bytes.fromhex("FFD6000410") + bytes(range(16))
READ = bytes.fromhex("FFB0000410")


def play(card: Mortal, *apdus: bytes) -> bytes:
    return [card.answer(apdu) for apdu in apdus][-1]


@pytest.mark.parametrize(("carried_out", "left"), [(False, bytes(16)), (True, bytes(range(16)))])
def test_the_third_command_is_the_last(carried_out: bool, left: bytes) -> None:  # noqa: FBT001 - a case of the table
    """Before it: nothing was written. After it: it was, though nobody was told."""
    card = Mortal(make("classic", FIRST), **{"die_after" if carried_out else "die_before": 3})
    card.laid()
    play(card, LOAD, OPEN)
    with pytest.raises(CardGoneError):
        card.answer(WRITE)
    assert card.dead
    with pytest.raises(CardGoneError):
        card.atr()
    card.reset()  # a field that goes on again does not bring it back
    with pytest.raises(CardGoneError):
        card.answer(GET_UID)
    card.laid()
    assert play(card, LOAD, OPEN, READ) == left + b"\x90\x00"


def test_laid_again_it_has_forgotten_what_was_opened() -> None:
    """And commands are counted anew."""
    card = Mortal(make("classic", FIRST), die_before=4)
    assert isinstance(card, Layable)
    card.laid()
    play(card, LOAD, OPEN, READ)
    card.laid()
    assert card.commands == 0
    assert card.answer(READ) == b"\x69\x82"
    assert card.commands == 1


def test_an_immortal_one_lives_on() -> None:
    """Unless it is doomed later."""
    card = Mortal(UidCard(FIRST))
    for _ in range(100):
        assert card.answer(GET_UID) == FIRST + b"\x90\x00"
    card.doom(die_before=101)
    with pytest.raises(CardGoneError):
        card.answer(GET_UID)


def test_another_card_takes_its_place() -> None:
    """After two commands, with its own memory and nothing opened."""
    card = Swapped(make("classic", FIRST), make("classic-4k", SECOND), after=2)
    assert card.answer(GET_UID)[:4] == FIRST
    assert card.answer(LOAD) == b"\x90\x00"
    assert card.answer(GET_UID)[:4] == SECOND
    assert card.answer(OPEN) == b"\x69\x88"  # that key was loaded for the first
    assert card.atr() == make("classic-4k", SECOND).atr()
    card.reset()
    assert card.answer(GET_UID)[:4] == SECOND


def test_of_two_cards_one_or_the_other_answers() -> None:
    """Which of them changes with each activation."""
    card = Doubled(UidCard(FIRST), make("classic-4k", SECOND))
    seen = []
    for _ in range(4):
        card.reset()
        seen.append((card.answer(GET_UID)[:4], card.atr()))
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert {uid for uid, _ in seen} == {FIRST, SECOND}
