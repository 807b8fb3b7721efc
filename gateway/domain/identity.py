"""The forms in which a reader can present a credential.

A card has one UID but many faces: the UID itself, the number some readers make of it, a number in
its secure application. A list says which faces its readers show (:class:`IdentityForm`); a
credential has one entry for each of them.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Self

from gateway.domain.errors import MalformedError


class IdentityKind(IntEnum):
    """First byte of an encoded identity, as the controllers know it."""

    UID = 1
    SECURE = 2
    WIEGAND = 3
    PLATE = 4
    PASS = 5
    PIN = 6


class IdentityForm(StrEnum):
    """What the readers of a list show of a card or vehicle. ``r`` forms take the UID bytes reversed."""

    UID = "uid"
    SECURE = "secure"
    W26 = "w26"
    W26_REVERSED = "w26r"
    W34 = "w34"
    W34_REVERSED = "w34r"
    PLATE = "plate"
    PASS = "pass"  # noqa: S105 - the name of a form, not a password
    PIN = "pin"


_LENGTHS: dict[IdentityKind, frozenset[int]] = {
    IdentityKind.UID: frozenset({4, 7, 10}),
    IdentityKind.SECURE: frozenset({8}),
    IdentityKind.WIEGAND: frozenset(range(2, 18)),
    IdentityKind.PLATE: frozenset(range(3, 33)),
    IdentityKind.PASS: frozenset({16}),
    IdentityKind.PIN: frozenset(range(4, 13)),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """One form of one credential. ``value`` is as the controllers hash it (sync/PROTOCOL.md, "Entry").

    UID: 4, 7 or 10 bytes in anticollision order (ISO/IEC 14443-3:2018, 6.5.4) · SECURE: 8 bytes ·
    WIEGAND: bit count without parity, then the bits right-aligned in the fewest bytes ·
    PLATE: UTF-8, normalised · PASS: 16 bytes · PIN: ASCII digits.
    """

    kind: IdentityKind
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) not in _LENGTHS[self.kind]:
            raise MalformedError(
                "A %(kind)s of %(length)s bytes cannot be.", kind=self.kind.name.lower(), length=len(self.value)
            )

    def encode(self) -> bytes:
        """The identity byte and the value: what the credential key is made of."""
        return bytes((self.kind,)) + self.value

    @classmethod
    def uid(cls, text: str) -> Self:
        """From hexadecimal, with or without spaces and colons."""
        return cls(IdentityKind.UID, parse_uid(text))

    @classmethod
    def wiegand(cls, bits: int, value: int) -> Self:
        """``bits`` data bits (1 to 128, parity already taken off) with the integer ``value``."""
        if not 1 <= bits <= 128 or value >> bits:
            raise MalformedError("%(value)s does not fit %(bits)s Wiegand bits.", value=value, bits=bits)
        return cls(IdentityKind.WIEGAND, bytes((bits,)) + value.to_bytes((bits + 7) // 8))

    @classmethod
    def plate(cls, text: str) -> Self:
        """From a plate as typed or recognised."""
        return cls(IdentityKind.PLATE, normalise_plate(text).encode())

    @classmethod
    def parse(cls, kind: IdentityKind, text: str) -> Self:
        """From text a person or a test can type: hexadecimal, but a plate and a PIN as they are."""
        if kind is IdentityKind.PLATE:
            return cls.plate(text)
        if kind is IdentityKind.PIN:
            return cls(kind, _digits(text))
        if kind is IdentityKind.UID:
            return cls.uid(text)
        return cls(kind, _hex(text))


def _digits(text: str) -> bytes:
    if not (text.isascii() and text.isdigit()):
        raise MalformedError("A PIN is 4 to 12 digits.", fields={"value": "4 to 12 digits"})
    return text.encode()


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", " "))
    except ValueError as error:
        raise MalformedError(
            "“%(text)s” is not hexadecimal.", text=text[:40], fields={"value": "hexadecimal digits"}
        ) from error


def parse_uid(text: str) -> bytes:
    """A card UID from hexadecimal text; refuses the random UIDs that phones show (first byte 08)."""
    uid = _hex(text)
    if len(uid) not in _LENGTHS[IdentityKind.UID]:
        raise MalformedError(
            "A card UID has 4, 7 or 10 bytes; “%(text)s” has %(length)s.",
            text=text[:40],
            length=len(uid),
            fields={"uid": "4, 7 or 10 bytes in hexadecimal"},
        )
    return uid


def is_random_uid(uid: bytes) -> bool:
    """Whether the UID is drawn anew at each tap (ISO/IEC 14443-3:2018, 6.5.4: 4 bytes, first one 08)."""
    return len(uid) == 4 and uid[0] == 0x08


def normalise_plate(text: str) -> str:
    """A plate in one spelling: half width, upper case, without spaces, dots and dashes (R-PARK-14)."""
    plate = "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())
    if not 3 <= len(plate) <= 10 or len(plate.encode()) > 32:
        raise MalformedError(
            "“%(text)s” is not a number plate.", text=text[:40], fields={"plate": "3 to 10 letters and digits"}
        )
    return plate


# UID bytes taken, and the direction they are read in.
_WIEGAND_FORMS = {
    IdentityForm.W26: (3, 1),
    IdentityForm.W26_REVERSED: (3, -1),
    IdentityForm.W34: (4, 1),
    IdentityForm.W34_REVERSED: (4, -1),
}


def identity_of_uid(form: IdentityForm, uid: bytes) -> Identity | None:
    """What a reader that shows ``form`` makes of a card with this UID; None when the form is no face of a UID.

    Wiegand readers send the first three (26 bits) or four (34 bits) bytes; "reversed" ones the UID's
    first bytes with the last of them first, as many desktop readers do.
    """
    if form is IdentityForm.UID:
        return Identity(IdentityKind.UID, uid)
    wiegand = _WIEGAND_FORMS.get(form)
    if wiegand is None:
        return None
    count, step = wiegand
    return Identity.wiegand(count * 8, int.from_bytes(uid[:count][::step]))


class KeyMaker:
    """Turns identities into credential keys with the site's list key (32 bytes).

    A key is the identity byte, then the first seven bytes of
    HMAC-SHA256(list key, identity byte ‖ value): RFC 2104. The list key never travels by MQTT.
    """

    __slots__ = ("_key",)

    def __init__(self, list_key: bytes) -> None:
        if len(list_key) != 32:
            raise ValueError("the site list key has 32 bytes")
        self._key = list_key

    def __repr__(self) -> str:
        return "KeyMaker(…)"

    def __call__(self, identity: Identity) -> bytes:
        """The eight bytes by which lists know this identity."""
        encoded = identity.encode()
        return encoded[:1] + hmac.digest(self._key, encoded, "sha256")[:7]


def bucket_of(key: bytes) -> int:
    """Which of the 256 buckets of a list a credential key falls into."""
    return hashlib.sha256(key).digest()[0]
