"""Status bytes of DESFire cards, and the errors made of them."""

from enum import IntEnum

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


class DesfireRefusedError(CardRefusedError):
    """``status`` is the status byte, or all of SW1 SW2 when SW1 is not 91."""

    def __init__(self, ins: int, status: int) -> None:
        super().__init__(
            "The card refused command %(ins)s with status %(status)s.", ins=f"{ins:02X}", status=status_words(status)
        )
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
