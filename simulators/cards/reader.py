"""The reader's part of a contactless card, as PC/SC Part 3 (rev. 2.01.09) describes it.

The reader makes up the answer to reset, answers Get Data itself (class FF), and hands everything else to a card that
speaks ISO/IEC 14443-4. For memory cards see :mod:`simulators.cards.classic.reader`.
"""

from functools import reduce
from operator import xor
from typing import Any, Protocol

from simulators.cards.apdu import Apdu, Status, StatusError, wrong_le

READER_CLASS = 0xFF
GET_DATA = 0xCA
_UID, _ATS = 0x00, 0x01
_RID_AND_STANDARD = bytes.fromhex("A000000306 03")


class Picc(Protocol):
    """A card that speaks ISO/IEC 14443-4."""

    @property
    def uid(self) -> bytes:
        """As the anticollision gave it: 4, 7 or 10 bytes."""

    @property
    def ats(self) -> bytes:
        """Answer to select with its length byte TL (ISO/IEC 14443-4:2018, 5.2)."""

    def answer(self, apdu: bytes) -> bytes:
        """Reply with status bytes."""

    def reset(self) -> None:
        """The field was switched off and on."""

    def dump(self) -> dict[str, Any]:
        """What the card keeps without power, for JSON."""

    def load(self, state: dict[str, Any]) -> None:
        """Takes back what :meth:`dump` gave."""


class Reader:
    """Implements simulators.devices.vcard.CardLogic over a Picc, which may be this reader's only card."""

    def __init__(self, card: Picc) -> None:
        self.card = card

    @property
    def uid(self) -> bytes:
        """The card's."""
        return self.card.uid

    def atr(self) -> bytes:
        """Part 3, 3.1.3.2.3.1, for ISO 14443-4 type A: the historical bytes of the ATS."""
        return atr_of(historical_bytes(self.card.ats))

    def answer(self, apdu: bytes) -> bytes:
        """Class FF is answered here."""
        if apdu[:1] != bytes((READER_CLASS,)):
            return self.card.answer(apdu)
        try:
            return reader_command(Apdu.parse(apdu), self.card.uid, self.card.ats) + Status.OK.to_wire()
        except StatusError as error:
            return error.to_wire()

    def reset(self) -> None:
        """The card forgets what it kept in RAM."""
        self.card.reset()

    def dump(self) -> dict[str, Any]:
        """The card's; this reader keeps nothing."""
        return self.card.dump()

    def load(self, state: dict[str, Any]) -> None:
        """As :meth:`dump` gave it."""
        self.card.load(state)


def reader_command(apdu: Apdu, uid: bytes, ats: bytes) -> bytes:
    """Get Data, Part 3, 3.2.2.1.3: ``FF CA 00 00`` the UID, ``FF CA 01 00`` the historical bytes, both with Le.

    An empty ``ats`` stands for a card without one: 6A81. Raises StatusError 6D00 for every other instruction.
    """
    if apdu.ins != GET_DATA:
        raise StatusError(Status.WRONG_INS)
    if apdu.data:
        raise StatusError(Status.WRONG_LENGTH)
    if apdu.p2 or apdu.p1 not in {_UID, _ATS}:
        raise StatusError(Status.WRONG_OFFSET)
    wanted = uid if apdu.p1 == _UID else historical_bytes(ats)
    if apdu.p1 == _ATS and not ats:
        raise StatusError(Status.NOT_SUPPORTED)
    if apdu.le not in {None, 0, len(wanted)}:
        raise wrong_le(len(wanted))
    return wanted


def historical_bytes(ats: bytes) -> bytes:
    """What follows TL, T0 and the interface bytes that T0 announces (ISO/IEC 14443-4:2018, 5.2.3)."""
    if len(ats) < 2:
        return b""
    interface = sum(ats[1] >> bit & 1 for bit in (4, 5, 6))
    return ats[2 + interface : ats[0]]


def atr_of(historical: bytes) -> bytes:
    """``3B 8n 80 01`` ‖ historical bytes ‖ TCK."""
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + body + bytes((reduce(xor, body),))


def memory_card_atr(name: int) -> bytes:
    """Part 3, 3.1.3.2.3.2: ``80 4F 0C`` ‖ RID ‖ standard 03 (ISO 14443 A, part 3) ‖ card name ‖ 4 zeros.

    Names (Part 3 supplement): 0001 MIFARE Classic 1K, 0002 MIFARE Classic 4K.
    """
    return atr_of(b"\x80\x4f\x0c" + _RID_AND_STANDARD + name.to_bytes(2, "big") + bytes(4))
