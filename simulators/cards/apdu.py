"""Short command APDUs and status words, as cards and readers see them: ISO/IEC 7816-4:2020, 5.2 and 5.6."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self


class Status(IntEnum):
    """Status words that the virtual cards and their reader answer with."""

    OK = 0x9000
    FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    WRONG_PROTECTION = 0x6900
    WRONG_FILE_TYPE = 0x6981
    NOT_ALLOWED_NOW = 0x6982
    BLOCKED = 0x6983
    NO_CHALLENGE = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_FILE = 0x6986
    WRONG_MAC = 0x6988
    WRONG_KEY_SIZE = 0x6989
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    NO_ROOM = 0x6A84
    WRONG_P1_P2 = 0x6A86
    WRONG_OFFSET = 0x6B00
    WRONG_LE = 0x6C00
    WRONG_INS = 0x6D00
    WRONG_CLA = 0x6E00
    APPLICATION_LOCKED = 0x9303
    NO_SUCH_KEY = 0x9403

    def to_wire(self) -> bytes:
        """SW1 SW2."""
        return self.to_bytes(2, "big")


class StatusError(Exception):
    """The command ends here with this status word."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status

    def to_wire(self) -> bytes:
        """SW1 SW2."""
        return self.status.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Apdu:
    """``le``: None when absent; 0 asks for as much as there is."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Cases 1, 2S, 3S and 4S. Raises StatusError 6700 for anything else."""
        if len(raw) < 4:
            raise StatusError(Status.WRONG_LENGTH)
        cla, ins, p1, p2, *rest = raw
        if len(rest) <= 1:
            return cls(cla, ins, p1, p2, le=rest[0] if rest else None)
        size, body = rest[0], bytes(rest[1:])
        if size == 0 or len(body) - size not in {0, 1}:
            raise StatusError(Status.WRONG_LENGTH)
        return cls(cla, ins, p1, p2, body[:size], body[size] if len(body) > size else None)

    @property
    def p1_p2(self) -> int:
        """Both parameters as one number."""
        return self.p1 << 8 | self.p2

    def require_length(self, *lengths: int) -> None:
        """Raises StatusError 6700 unless the data has one of these lengths."""
        if len(self.data) not in lengths:
            raise StatusError(Status.WRONG_LENGTH)


def wrong_le(right: int) -> StatusError:
    """``6Cxx``: ask again for exactly so many bytes."""
    return StatusError(Status.WRONG_LE | right)
