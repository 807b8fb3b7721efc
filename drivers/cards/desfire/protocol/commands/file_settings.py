"""What a file is: the form in which it is created, and in which the card tells of it."""

from dataclasses import dataclass
from typing import Final, Self

from drivers.cards.desfire.protocol.commands.call import expect, u24
from drivers.cards.desfire.protocol.session import Mode
from gateway.ports.cards import CardGarbledError

FREE: Final = 0xE
NEVER: Final = 0xF
"""Instead of a key number in access rights."""

_ADDITIONAL_RIGHTS: Final = 0x80


@dataclass(frozen=True, slots=True)
class AccessRights:
    """A key number for each; a value file takes them as: read, debit · and limited credit · and credit."""

    read: int
    write: int
    read_write: int
    change: int

    def encode(self) -> bytes:
        """Two bytes, least significant first."""
        return (self.read << 12 | self.write << 8 | self.read_write << 4 | self.change).to_bytes(2, "little")

    @classmethod
    def decode(cls, rights: bytes) -> Self:
        """The opposite."""
        return cls(rights[1] >> 4, rights[1] & 0xF, rights[0] >> 4, rights[0] & 0xF)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A standard file, or a backup file whose writes count from the commit on."""

    mode: Mode
    rights: AccessRights
    size: int
    backup: bool = True

    def encode(self) -> bytes:
        """What follows the file number."""
        return _common(self) + u24(self.size)


@dataclass(frozen=True, slots=True)
class ValueFile:
    """A signed number of 32 bits between two limits."""

    mode: Mode
    rights: AccessRights
    lower: int
    upper: int
    value: int
    limited_credit: bool

    def encode(self) -> bytes:
        """What follows the file number."""
        numbers = b"".join(n.to_bytes(4, "little", signed=True) for n in (self.lower, self.upper, self.value))
        return _common(self) + numbers + bytes([self.limited_credit])


@dataclass(frozen=True, slots=True)
class RecordFile:
    """``cyclic``: the oldest record makes room; such a file keeps one record more than may be read."""

    mode: Mode
    rights: AccessRights
    record_size: int
    records: int
    cyclic: bool
    written: int = 0

    def encode(self) -> bytes:
        """What follows the file number."""
        return _common(self) + u24(self.record_size) + u24(self.records)


FileSettings = DataFile | ValueFile | RecordFile


def parse_file_settings(ins: int, answer: bytes) -> FileSettings:
    """The answer to GetFileSettings. ``value`` of a value file is what may still be credited by limited credit.

    Raises CardGarbledError for a type that is none of these.
    """
    if len(answer) < 4:
        expect(ins, answer, 7, 13, 17)
    kind, mode, rights = answer[0], _mode(answer[1]), AccessRights.decode(answer[2:4])
    body = answer[4:]
    if answer[1] & _ADDITIONAL_RIGHTS:
        body = body[: {0: 3, 1: 3, 2: 13}.get(kind, 9)]
    if kind in {0, 1}:
        return DataFile(mode, rights, _u24(expect(ins, body, 3)), backup=kind == 1)
    if kind == 2:
        return _value_file(mode, rights, expect(ins, body, 13))
    if kind in {3, 4}:
        body = expect(ins, body, 9)
        return RecordFile(mode, rights, _u24(body[:3]), _u24(body[3:6]), kind == 4, _u24(body[6:]))
    raise CardGarbledError("The card tells of a file of a type that is not known here.")


def _common(settings: FileSettings) -> bytes:
    return bytes([settings.mode.value]) + settings.rights.encode()


def _mode(byte: int) -> Mode:
    """Bit 1 says whether bit 0's MAC is a cipher: 00 and 10 are both plain."""
    return {0b01: Mode.MACED, 0b11: Mode.ENCIPHERED}.get(byte & 0b11, Mode.PLAIN)


def _value_file(mode: Mode, rights: AccessRights, body: bytes) -> ValueFile:
    lower, upper, value = (int.from_bytes(body[at : at + 4], "little", signed=True) for at in (0, 4, 8))
    return ValueFile(mode, rights, lower, upper, value, limited_credit=bool(body[12] & 1))


def _u24(number: bytes) -> int:
    return int.from_bytes(number, "little")
