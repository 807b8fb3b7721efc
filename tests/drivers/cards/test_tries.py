"""No more than two wrong keys are tried on a card while it lies there."""

import pytest

from drivers.cards.tries import Tries
from gateway.ports.cards import CardForeignError, CardLockedError


def test_the_third_wrong_key_is_not_tried() -> None:
    """After two wrong keys the attempt is refused before anything is sent."""
    tries = Tries()
    for _ in range(2):
        with pytest.raises(CardForeignError), tries.attempt():
            raise CardForeignError("Someone else's.")
    sent = []
    with pytest.raises(CardLockedError), tries.attempt():
        sent.append("a key")
    assert not sent


def test_right_keys_cost_nothing() -> None:
    """A try that succeeds may be repeated for ever."""
    tries = Tries(1)
    for _ in range(10):
        with tries.attempt():
            pass
    assert tries.left == 1
