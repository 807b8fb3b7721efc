"""A virtual card in the same process: a transport for tests and for the demo, without a reader or a socket."""

from gateway.ports import DeviceOfflineError
from simulators.cards.mortal import CardGoneError
from simulators.devices.vcard import CardLogic, Layable

_GONE = "The card was lifted or does not answer."


class InProcess:
    """Implements gateway.ports.cards.CardTransport. The card lies there from the beginning.

    ``sent``: every command so far, for tests that count or look at them.
    """

    def __init__(self, logic: CardLogic) -> None:
        self.logic = logic
        self.sent: list[bytes] = []
        self._there = False
        self.lay()

    def lay(self) -> None:
        """Lays the card down, again when it was lifted or died: what it kept in RAM is gone."""
        self._there = True
        if isinstance(self.logic, Layable):
            self.logic.laid()
        else:
            self.logic.reset()

    def lift(self) -> None:
        """Takes the card away."""
        self._there = False

    @property
    def atr(self) -> bytes:
        """Raises DeviceOfflineError when the card is gone."""
        self._require()
        try:
            return self.logic.atr()
        except CardGoneError as error:
            raise DeviceOfflineError(_GONE) from error

    def answer(self, apdu: bytes) -> bytes:
        """One command and its answer. Raises DeviceOfflineError when the card is gone or goes now."""
        self._require()
        self.sent.append(apdu)
        try:
            return self.logic.answer(apdu)
        except CardGoneError as error:
            raise DeviceOfflineError(_GONE) from error

    async def transmit(self, apdu: bytes) -> bytes:
        """As :meth:`answer`."""
        return self.answer(apdu)

    def _require(self) -> None:
        if not self._there:
            raise DeviceOfflineError(_GONE)
