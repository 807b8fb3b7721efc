"""What a DESFire card says when it does not do as told."""

from enum import IntEnum


class Status(IntEnum):
    """Status bytes of the native command set: MF3ICD81 functional description, "Status and Error Codes"."""

    OK = 0x00
    NO_CHANGES = 0x0C
    OUT_OF_MEMORY = 0x0E
    ILLEGAL_COMMAND = 0x1C
    INTEGRITY = 0x1E
    NO_SUCH_KEY = 0x40
    LENGTH = 0x7E
    PERMISSION_DENIED = 0x9D
    PARAMETER = 0x9E
    APPLICATION_NOT_FOUND = 0xA0
    AUTHENTICATION = 0xAE
    MORE_FRAMES = 0xAF
    BOUNDARY = 0xBE
    COMMAND_ABORTED = 0xCA
    COUNT = 0xCE
    DUPLICATE = 0xDE
    FILE_NOT_FOUND = 0xF0


class RefusedError(Exception):
    """The command ends with this status; nothing was changed."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


def must(condition: object, status: Status) -> None:
    """Refuses with ``status`` unless the condition holds."""
    if not condition:
        raise RefusedError(status)
