"""The few calls of PC/SC that an encoder needs, with errors a person can act on. Blocking: for a thread."""

from typing import Any

from gateway.ports import DeviceOfflineError, DeviceRefusedError

try:
    from smartcard import scard
except ImportError:  # the extra "pcsc" is not installed
    scard = None

_MISSING = "%(device)s needs the package pyscard: install Gatehouse with the extra “pcsc”."
_NO_SERVICE = "%(device)s: the PC/SC service is not running: start pcscd."
_NO_READER = "%(device)s: no such reader is plugged in (%(reader)s)."
_WATCH_MS = 300


class Watcher:
    """Sees cards come and go on one reader."""

    def __init__(self, device: str, wanted: str) -> None:
        if scard is None:
            raise DeviceOfflineError(_MISSING, device=device)
        self._device = device
        self._context = _context(device)
        self.reader = self._find(wanted)
        self._state = scard.SCARD_STATE_UNAWARE

    def _find(self, wanted: str) -> str:
        result, readers = scard.SCardListReaders(self._context, [])
        matching = [r for r in readers or () if wanted in r]
        if result != scard.SCARD_S_SUCCESS or not matching:
            self.close()
            raise DeviceOfflineError(_NO_READER, device=self._device, reader=wanted or "any")
        return str(matching[0])

    def wait(self) -> int | None:
        """Waits up to 0.3 s; None for no news.

        Otherwise the number of comings and goings so far while a card lies there, and -1 without one.
        Raises DeviceOfflineError when the reader or the service is gone.
        """
        result, states = scard.SCardGetStatusChange(self._context, _WATCH_MS, [(self.reader, self._state)])
        if result == scard.SCARD_E_TIMEOUT:
            return None
        if result != scard.SCARD_S_SUCCESS:
            raise DeviceOfflineError(_NO_SERVICE, device=self._device)
        state = states[0][1]
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            raise DeviceOfflineError(_NO_READER, device=self._device, reader=self.reader)
        self._state = state & ~scard.SCARD_STATE_CHANGED
        return state >> 16 & 0xFFFF if state & scard.SCARD_STATE_PRESENT else -1

    def close(self) -> None:
        """Lets go of the service."""
        scard.SCardReleaseContext(self._context)


class CardHandle:
    """A connection to the card on a reader, on a context of its own: a waiting watcher would block it."""

    def __init__(self, device: str, reader: str) -> None:
        self._device = device
        self._context = _context(device)
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, self._card, self._protocol = scard.SCardConnect(
            self._context, reader, scard.SCARD_SHARE_SHARED, protocols
        )
        if result != scard.SCARD_S_SUCCESS:
            scard.SCardReleaseContext(self._context)
            raise DeviceRefusedError(
                "The card on %(device)s does not answer, or two cards lie on it: lay one card flat.", device=device
            )
        self.atr = self._atr()

    def _atr(self) -> bytes:
        _result, _reader, _state, _protocol, atr = scard.SCardStatus(self._card)
        return bytes(b & 0xFF for b in atr or ())

    def transmit(self, apdu: bytes) -> bytes:
        """Raises DeviceOfflineError when the card was lifted: what it did meanwhile is unknown."""
        pci = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, reply = scard.SCardTransmit(self._card, pci, list(apdu))
        if result != scard.SCARD_S_SUCCESS or len(reply) < 2:
            raise DeviceOfflineError("The card on %(device)s was lifted or does not answer.", device=self._device)
        return bytes(b & 0xFF for b in reply)

    def close(self) -> None:
        """Leaves the card powered for the next connection."""
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self._context)


def _context(device: str) -> Any:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        raise DeviceOfflineError(_NO_SERVICE, device=device)
    return context
