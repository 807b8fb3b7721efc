"""Status bytes of DESFire cards, and the errors made of them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from gateway.ports.cards import CardError, CardRefusedError


class Status(IntEnum):
    """The second status byte; the first is always 91. MF3ICD81 data sheet, status and error codes."""

    OK = 0x00
    NO_CHANGES = 0x0C
    OUT_OF_MEMORY = 0x0E
    ILLEGAL_COMMAND = 0x1C
    INTEGRITY_ERROR = 0x1E
    NO_SUCH_KEY = 0x40
    LENGTH_ERROR = 0x7E
    PERMISSION_DENIED = 0x9D
    PARAMETER_ERROR = 0x9E
    APPLICATION_NOT_FOUND = 0xA0
    APPLICATION_INTEGRITY_ERROR = 0xA1
    AUTHENTICATION_DELAY = 0xAD
    AUTHENTICATION_ERROR = 0xAE
    ADDITIONAL_FRAME = 0xAF
    BOUNDARY_ERROR = 0xBE
    PICC_INTEGRITY_ERROR = 0xC1
    COMMAND_ABORTED = 0xCA
    PICC_DISABLED = 0xCD
    COUNT_ERROR = 0xCE
    DUPLICATE = 0xDE
    EEPROM_ERROR = 0xEE
    FILE_NOT_FOUND = 0xF0
    FILE_INTEGRITY_ERROR = 0xF1


_UNKNOWN: Final = "The card refused command %(ins)s (%(status)s): lay it down again, or take another card."
_BROKEN: Final = "The card's memory is broken (%(ins)s: %(status)s): take another card, and throw this one away."
_ANOTHER: Final = "The card is made otherwise than we need it (%(ins)s: %(status)s): take a DESFire card EV1 or newer."
_SENTENCES: Final[Mapping[int, str]] = {
    Status.OUT_OF_MEMORY: "The card is full (%(ins)s: %(status)s): wipe it, or take another card.",
    Status.ILLEGAL_COMMAND: _ANOTHER,
    Status.INTEGRITY_ERROR: "The card heard us garbled (%(ins)s: %(status)s): lay it flat and try again.",
    Status.NO_SUCH_KEY: "The card has other keys than ours (%(ins)s: %(status)s): take another card.",
    Status.LENGTH_ERROR: _ANOTHER,
    Status.PERMISSION_DENIED: "The card's settings forbid this (%(ins)s: %(status)s): take another card.",
    Status.PARAMETER_ERROR: _ANOTHER,
    Status.APPLICATION_NOT_FOUND: "Our application is not on the card (%(ins)s: %(status)s): issue it at the desk.",
    Status.APPLICATION_INTEGRITY_ERROR: _BROKEN,
    Status.AUTHENTICATION_DELAY: "It waits after wrong keys (%(ins)s: %(status)s): lay it down again in a minute.",
    Status.AUTHENTICATION_ERROR: "The card wants another key for this (%(ins)s: %(status)s): lay it down again.",
    Status.BOUNDARY_ERROR: "The file on the card is too small (%(ins)s: %(status)s): wipe the card and issue it again.",
    Status.PICC_INTEGRITY_ERROR: _BROKEN,
    Status.COMMAND_ABORTED: "The card lost the thread (%(ins)s: %(status)s): lay it down again.",
    Status.PICC_DISABLED: "The card has locked itself for ever (%(ins)s: %(status)s): take another card.",
    Status.COUNT_ERROR: "No more applications fit on the card (%(ins)s: %(status)s): wipe it, or take another card.",
    Status.DUPLICATE: "The card has this already (%(ins)s: %(status)s): wipe the card and issue it again.",
    Status.EEPROM_ERROR: _BROKEN,
    Status.FILE_NOT_FOUND: "Our file is not on the card (%(ins)s: %(status)s): issue it at the desk again.",
    Status.FILE_INTEGRITY_ERROR: _BROKEN,
}


class DesfireRefusedError(CardRefusedError):
    """Of the command ``ins``. ``status`` is the status byte, or all of SW1 SW2 when SW1 is not 91."""

    def __init__(self, ins: int, status: int) -> None:
        super().__init__(_SENTENCES.get(status, _UNKNOWN), ins=f"{ins:02X}", status=status_words(status))
        self.ins = ins
        self.status = status


class WrongKeyError(CardError):
    """The card has another key than the one that was tried; the try is spent."""

    def __init__(self, key_no: int) -> None:
        super().__init__("Key %(key_no)s on the card is another one than was tried: take another card.", key_no=key_no)


def status_words(status: int) -> str:
    """Such as ``9D (permission denied)``."""
    try:
        return f"{status:02X} ({Status(status).name.lower().replace('_', ' ')})"
    except ValueError:
        return f"{status:02X}"
