"""A virtual MIFARE DESFire card behind a contactless reader: APDUs in, APDUs out.

It speaks as the card does: native commands as they are, native commands in ISO/IEC 7816-4 frames (class 90), and as
much of ISO/IEC 7816-4 as it takes to select it.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from simulators.cards.desfire.exchange import FRAME_SIZE, Exchange
from simulators.cards.desfire.picc import Picc
from simulators.cards.desfire.profiles import EV1, Profile
from simulators.cards.desfire.status import Status
from simulators.cards.desfire.visit import Visit

_WRAPPED_CLASS: Final = 0x90
_ISO_CLASS: Final = 0x00
_SELECT: Final = 0xA4
_BY_ID, _BY_NAME = 0x00, 0x04
_CARD_NAME: Final = bytes.fromhex("D2760000850100")
_CARD_FILE: Final = b"\x3f\x00"
_NATIVE: Final = frozenset(
    bytes.fromhex("0A1AAA7177 AF 60 6E 51 6A 6D CA DA FC 5C 5A 45 64 54 C4 CD CB CC C1 C0 DF 6F 61 F5 5F")
    + bytes.fromhex("BD 3D 6C 0C DC 1C BB 3B EB C7 A7 AD 8D AB 8B")
)
_LONGEST_EV1_APDU: Final = 60
_OK, _WRONG_LENGTH, _NOT_FOUND = b"\x90\x00", b"\x67\x00", b"\x6a\x82"
_WRONG_PARAMETERS, _WRONG_INS, _WRONG_CLASS = b"\x6a\x86", b"\x6d\x00", b"\x6e\x00"


class DesfireCard:
    """Implements simulators.cards.reader.Picc. ``random``: where challenges and random UIDs come from."""

    def __init__(self, uid: bytes, profile: Profile = EV1, random: Callable[[int], bytes] = os.urandom) -> None:
        self.true_uid: Final = uid
        self.profile: Final = profile
        self._random = random
        self.picc = Picc()
        self.reset()

    @property
    def uid(self) -> bytes:
        """As the anticollision gives it: 08 and three random bytes at each power on, when that is switched on."""
        return self._anticollision

    @property
    def ats(self) -> bytes:
        """Answer to select, with its length."""
        return self.picc.ats

    def reset(self) -> None:
        """Power off and on: transaction, authentication and half commands are gone."""
        self.picc.root.abort()
        for application in self.picc.applications.values():
            application.abort()
        self._anticollision = b"\x08" + self._random(3) if self.picc.random_uid else self.true_uid
        self._exchange = Exchange(Visit(self.true_uid, self.profile, self.picc, self._random, self.picc.root))

    def answer(self, apdu: bytes) -> bytes:
        """Wrapped commands end in 91 and the status; native ones begin with the status; all others are ISO 7816-4."""
        if not apdu:
            return _WRONG_LENGTH
        if apdu[0] == _WRAPPED_CLASS:
            return self._wrapped(apdu)
        if apdu[0] == _ISO_CLASS:
            return self._iso(apdu)
        if apdu[0] in _NATIVE:
            return self._native(apdu)
        return _WRONG_CLASS

    def dump(self) -> dict[str, Any]:
        """What it keeps without power, for JSON."""
        return self.picc.dump()

    def load(self, state: dict[str, Any]) -> None:
        """Takes back what :meth:`dump` gave; the card was without power in between."""
        self.picc = Picc.load(state)
        self.reset()

    def _wrapped(self, apdu: bytes) -> bytes:
        """``90 INS 00 00 [Lc data] 00``. An EV1 takes 60 bytes at most."""
        if len(apdu) > 3 and apdu[2:4] != b"\x00\x00":
            return _WRONG_PARAMETERS
        longest = len(apdu) if self.profile.has_ev2_messaging else _LONGEST_EV1_APDU
        data = apdu[5:-1]
        whole = len(apdu) == 5 or (len(apdu) > 6 and apdu[4] == len(data))
        if not whole or len(apdu) > longest:
            return bytes([0x91, self._exchange.refuse(Status.LENGTH)])
        status, reply = self._exchange.step(apdu[1], data)
        return reply + bytes([0x91, status])

    def _native(self, frame: bytes) -> bytes:
        if len(frame) > FRAME_SIZE + 1 and not self.profile.has_ev2_messaging:
            return bytes([self._exchange.refuse(Status.LENGTH)])
        status, reply = self._exchange.step(frame[0], frame[1:])
        return bytes([status]) + reply

    def _iso(self, apdu: bytes) -> bytes:
        """SELECT by DF name, or the card by its file identifier 3F00."""
        if len(apdu) < 4:
            return _WRONG_LENGTH
        if apdu[1] != _SELECT:
            return _WRONG_INS
        if apdu[2] not in {_BY_ID, _BY_NAME} or apdu[3] not in {0x00, 0x0C}:
            return _WRONG_PARAMETERS
        name = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        if len(apdu) not in {4, 5} and len(apdu) - 5 - apdu[4] not in {0, 1}:
            return _WRONG_LENGTH
        card = _CARD_NAME if apdu[2] == _BY_NAME else _CARD_FILE
        found = name in {b"", card} and self._exchange.select(b"")
        return _OK if found or (apdu[2] == _BY_NAME and name and self._exchange.select(name)) else _NOT_FOUND
