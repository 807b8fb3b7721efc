"""Digits typed on a reader's key-pad become a PIN.

osdp_KEYPAD, SIA OSDP 2.2, 7.14: ASCII digits, ``*`` as 7F and ``#`` as 0D.
"""

from gateway.domain.identity import Identity, IdentityKind

_ENTER = 0x0D
_CLEAR = 0x7F
_DIGITS = b"0123456789"
_LONGEST = 12
_SHORTEST = 4
_FORGET_AFTER_S = 10.0


class PinPad:
    """Collects digits until ``#``; ``*`` and ten quiet seconds clear them."""

    __slots__ = ("_digits", "_last")

    def __init__(self) -> None:
        self._digits = bytearray()
        self._last = 0.0

    def typed(self, keys: bytes, at_monotonic: float) -> list[Identity]:
        """The PINs that these keys complete; longer or shorter ones are dropped without a word."""
        if at_monotonic - self._last > _FORGET_AFTER_S:
            self._digits.clear()
        self._last = at_monotonic
        return [pin for key in keys if (pin := self._key(key)) is not None]

    def _key(self, key: int) -> Identity | None:
        if key == _ENTER:
            digits = bytes(self._digits)
            self._digits.clear()
            return Identity(IdentityKind.PIN, digits) if _SHORTEST <= len(digits) <= _LONGEST else None
        if key == _CLEAR:
            self._digits.clear()
        elif key in _DIGITS and len(self._digits) <= _LONGEST:
            self._digits.append(key)
        return None
