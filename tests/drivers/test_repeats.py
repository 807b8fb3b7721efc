"""A repeated card within two seconds is one presentation."""

from drivers.repeats import Repeats
from gateway.domain.identity import Identity

CARD = Identity.uid("04A1B2C3")
OTHER = Identity.uid("04A1B2C4")


def test_a_card_left_on_the_reader_is_one_presentation() -> None:
    """However long the reader repeats it; a second without it ends it."""
    repeats = Repeats()
    assert repeats.is_new("in", CARD, 0.0)
    assert not any(repeats.is_new("in", CARD, number * 0.9) for number in range(1, 20))
    assert repeats.is_new("in", CARD, 17.1 + 1.0)


def test_a_hand_that_taps_again_is_heard_again() -> None:
    """Two seconds after it was last heard, though it tapped in between."""
    repeats = Repeats()
    assert repeats.is_new("in", CARD, 0.0)
    assert not repeats.is_new("in", CARD, 1.5)
    assert repeats.is_new("in", CARD, 3.0)
    assert not repeats.is_new("in", CARD, 4.5)


def test_other_cards_and_readers_are_their_own() -> None:
    """Only the same card at the same reader repeats."""
    repeats = Repeats()
    assert repeats.is_new("in", CARD, 0.0)
    assert repeats.is_new("in", OTHER, 0.1)
    assert repeats.is_new("out", CARD, 0.2)
    assert not repeats.is_new("in", CARD, 0.3)


def test_memory_is_bounded() -> None:
    """A flood of cards is not remembered for ever."""
    repeats = Repeats()
    for number in range(1000):
        repeats.is_new("in", Identity.wiegand(24, number), 0.0)
    assert len(repeats._seen) == 64
