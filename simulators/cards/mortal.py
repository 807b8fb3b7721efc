"""Cards in an unsteady hand: pulled away in the middle, exchanged for another, or two at once."""

from dataclasses import dataclass

from simulators.devices.vcard import CardLogic


class CardGoneError(ConnectionResetError):
    """The card left the field: no answer comes, and whether the command was carried out is not told."""


@dataclass(frozen=True, slots=True)
class Death:
    """At which command since the card was laid down (the first is 1), and whether that one is still carried out."""

    at: int
    carried_out: bool


class Mortal:
    """Implements CardLogic. Dies once, as it was told to; a card that is laid down again is whole again.

    Every command counts, also those that the reader answers itself.
    """

    def __init__(self, logic: CardLogic, *, die_before: int | None = None, die_after: int | None = None) -> None:
        self.logic = logic
        self.commands = 0
        self.dead = False
        self._death: Death | None = None
        self.doom(die_before=die_before, die_after=die_after)

    def doom(self, *, die_before: int | None = None, die_after: int | None = None) -> None:
        """``die_before``: the n-th command never reaches the card. ``die_after``: it does, but its answer is lost."""
        if die_before is not None:
            self._death = Death(die_before, carried_out=False)
        elif die_after is not None:
            self._death = Death(die_after, carried_out=True)
        else:
            self._death = None

    def laid(self) -> None:
        """Someone lays the card down: it has power, and commands are counted from here."""
        self.commands = 0
        self.dead = False
        self.logic.reset()

    def atr(self) -> bytes:
        """Raises CardGoneError when the card is dead."""
        self._require_life()
        return self.logic.atr()

    def answer(self, apdu: bytes) -> bytes:
        """Raises CardGoneError when the card dies at this command, or is dead."""
        self._require_life()
        self.commands += 1
        death = self._death
        if death is None or self.commands < death.at:
            return self.logic.answer(apdu)
        if death.carried_out:
            self.logic.answer(apdu)
        self.dead = True
        self._death = None
        raise CardGoneError

    def reset(self) -> None:
        """Power off and on while it lies there; the dead stay dead."""
        self.logic.reset()

    def _require_life(self) -> None:
        if self.dead:
            raise CardGoneError


class Swapped:
    """Implements CardLogic. After ``after`` commands another card lies there, and the reader did not notice."""

    def __init__(self, first: CardLogic, second: CardLogic, after: int) -> None:
        self._now = first
        self._next: CardLogic | None = second
        self._left = after

    def atr(self) -> bytes:
        """Of the card that lies there now."""
        return self._now.atr()

    def answer(self, apdu: bytes) -> bytes:
        """The card that lies there now answers."""
        if self._next is not None and self._left == 0:
            self._now, self._next = self._next, None
            self._now.reset()
        self._left -= 1
        return self._now.answer(apdu)

    def reset(self) -> None:
        """Power off and on."""
        self._now.reset()


class Doubled:
    """Implements CardLogic. Two cards lie in the field of a reader that picks one of them at each activation."""

    def __init__(self, first: CardLogic, second: CardLogic) -> None:
        self._picked, self._other = first, second

    def atr(self) -> bytes:
        """Of the card that was picked."""
        return self._picked.atr()

    def answer(self, apdu: bytes) -> bytes:
        """The card that was picked answers."""
        return self._picked.answer(apdu)

    def reset(self) -> None:
        """Both lose power, and the other one is picked."""
        self._picked, self._other = self._other, self._picked
        self._picked.reset()
        self._other.reset()
