"""Status bytes of DESFire cards, and the errors made of them."""

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


_UNKNOWN: Final = (
    "The card refused command %(ins)s (%(status)s): lay it down again; if that does not help, take another card."
)
_BROKEN: Final = "The card's memory is broken (%(status)s, command %(ins)s): throw the card away and take another one."
_FORBIDDEN: Final = (
    "The card does not allow command %(ins)s (%(status)s): someone else's settings are on it; take another card."
)
_SENTENCES: Final = {
    Status.OUT_OF_MEMORY: "The card is full (%(status)s, command %(ins)s): wipe it, or take another card.",
    Status.ILLEGAL_COMMAND: "The card does not know command %(ins)s (%(status)s): take a DESFire card EV1 or newer.",
    Status.INTEGRITY_ERROR: "The card got command %(ins)s garbled (%(status)s): lay it flat on the encoder and try again.",
    Status.NO_SUCH_KEY: "The card has no such key (%(status)s, command %(ins)s): someone else's application is on it; take another card.",
    Status.LENGTH_ERROR: "The card takes command %(ins)s in another length (%(status)s): take a DESFire card EV1 or newer.",
    Status.PERMISSION_DENIED: _FORBIDDEN,
    Status.PARAMETER_ERROR: "The card does not take the values of command %(ins)s (%(status)s): take a DESFire card EV1 or newer.",
    Status.APPLICATION_NOT_FOUND: "Our application is not on the card (%(status)s, command %(ins)s): issue the card at the desk first.",
    Status.APPLICATION_INTEGRITY_ERROR: _BROKEN,
    Status.AUTHENTICATION_DELAY: "The card makes us wait after wrong keys (%(status)s, command %(ins)s): lay it down again in a minute.",
    Status.AUTHENTICATION_ERROR: "The card wants another key for command %(ins)s (%(status)s): lay it down again.",
    Status.BOUNDARY_ERROR: "The file on the card is too small for command %(ins)s (%(status)s): wipe the card and issue it again.",
    Status.PICC_INTEGRITY_ERROR: _BROKEN,
    Status.COMMAND_ABORTED: "The card lost the thread at command %(ins)s (%(status)s): lay it down again.",
    Status.PICC_DISABLED: "The card has locked itself for ever (%(status)s, command %(ins)s): take another one.",
    Status.COUNT_ERROR: "No more applications fit on the card (%(status)s, command %(ins)s): wipe it, or take another card.",
    Status.DUPLICATE: "The card has it already (%(status)s, command %(ins)s): wipe the card and issue it again.",
    Status.EEPROM_ERROR: _BROKEN,
    Status.FILE_NOT_FOUND: "Our file is not on the card (%(status)s, command %(ins)s): issue the card at the desk again.",
    Status.FILE_INTEGRITY_ERROR: _BROKEN,
}


class DesfireRefusedError(CardRefusedError):
    """``status`` is the status byte, or all of SW1 SW2 when SW1 is not 91."""

    def __init__(self, ins: int, status: int) -> None:
        sentence = _SENTENCES.get(status, _UNKNOWN)  # type: ignore[call-overload]  # an IntEnum is found by its number
        super().__init__(sentence, ins=f"{ins:02X}", status=status_words(status))
        self.status = status


class WrongKeyError(CardError):
    """The card has another key than the one that was tried; the try is spent."""

    def __init__(self, key_no: int) -> None:
        super().__init__("Key %(key_no)s on the card is another one.", key_no=key_no)


def status_words(status: int) -> str:
    """Such as ``9D (permission denied)``."""
    try:
        return f"{status:02X} ({Status(status).name.lower().replace('_', ' ')})"
    except ValueError:
        return f"{status:02X}"
