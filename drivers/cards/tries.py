"""Wrong keys are counted by cards too: some lock for ever. So each work with a card has a budget of them."""

from collections.abc import Generator
from contextlib import contextmanager

from gateway.ports.cards import CardError, CardLockedError

WRONG_KEYS_A_TAP = 2


class Tries:
    """How many wrong keys may still be tried while this card lies here."""

    def __init__(self, left: int = WRONG_KEYS_A_TAP) -> None:
        self.left = left

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Around one authentication: a CardError from it spends a try.

        Raises CardLockedError, before anything is sent, when none is left.
        """
        if self.left <= 0:
            raise CardLockedError(
                "Too many wrong keys were tried on this card: lay it down again only if it is one of yours."
            )
        try:
            yield
        except CardError:
            self.left -= 1
            raise
