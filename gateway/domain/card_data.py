"""What stands on a card that is more than a UID: kinds of cards, and the data in our application."""

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from gateway.domain.errors import MalformedError

NUMBER_SIZE: Final = 8
BODY_SIZE: Final = 24
_FORMAT: Final = 1
_LAYOUT: Final = struct.Struct(">BH8sIBB7s")


class CardKind(StrEnum):
    """What the desk meets. ``desfire-ev2`` stands for every DESFire with EV2First: EV2 and EV3."""

    UID = "uid"
    EM4100 = "em4100"
    CLASSIC = "classic"
    DESFIRE_EV1 = "desfire-ev1"
    DESFIRE_EV2 = "desfire-ev2"
    FMCOS = "fmcos"


WRITABLE: Final = frozenset(CardKind) - {CardKind.UID, CardKind.EM4100}
"""Kinds that carry a number in an application or sector of ours."""

CLONABLE: Final = frozenset({CardKind.UID, CardKind.EM4100, CardKind.CLASSIC})
"""Kinds that anybody can copy: a UID is no secret, and CRYPTO1 is broken."""


class HolderClass(StrEnum):
    """Whom the card was made for; one byte on the card."""

    RESIDENT = "resident"
    TENANT = "tenant"
    STAFF = "staff"
    WORKER = "worker"
    VEHICLE = "vehicle"


_CLASSES: Final = tuple(HolderClass)


@dataclass(frozen=True, slots=True)
class CardData:
    """The first 24 of the 32 bytes in our file; the last 8 are the issuer's CMAC over UID ‖ these 24.

    Format ``01`` ‖ site number (2) ‖ card number (8, random, not zero) ‖ issued (4, unix seconds) ‖ key version (1) ‖
    holder class (1, from 1) ‖ 7 zeros; integers big-endian.
    """

    site_number: int
    number: bytes
    issued_at: int
    key_version: int
    holder_class: HolderClass = HolderClass.RESIDENT

    def __post_init__(self) -> None:
        if len(self.number) != NUMBER_SIZE or not any(self.number):
            raise MalformedError("A card number has 8 bytes, not all of them zero.")

    def encode(self) -> bytes:
        """24 bytes."""
        holder = _CLASSES.index(self.holder_class) + 1
        return _LAYOUT.pack(_FORMAT, self.site_number, self.number, self.issued_at, self.key_version, holder, bytes(7))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Raises MalformedError for anything that :meth:`encode` does not make."""
        if len(body) != BODY_SIZE:
            raise MalformedError("The data on the card has %(length)s bytes instead of 24.", length=len(body))
        format_, site_number, number, issued_at, key_version, holder, zeros = _LAYOUT.unpack(body)
        if format_ != _FORMAT or any(zeros) or not 1 <= holder <= len(_CLASSES):
            raise MalformedError("The data on the card is in a format that is not known here.")
        return cls(site_number, number, issued_at, key_version, _CLASSES[holder - 1])
