"""Who may do what with a file: four key numbers, or everyone, or no one."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Self

FREE: Final = 0xE
NEVER: Final = 0xF


class Right(Enum):
    """READ, WRITE and CHANGE as named; ALTER for what only the read-and-write key may (credit, clear)."""

    READ = auto()
    WRITE = auto()
    ALTER = auto()
    ANY = auto()
    CHANGE = auto()


@dataclass(frozen=True, slots=True)
class AccessRights:
    """Each 0 to D a key number, E free, F never."""

    read: int
    write: int
    read_write: int
    change: int

    @classmethod
    def from_wire(cls, data: bytes) -> Self:
        """Two bytes, least significant first: read, write, read-and-write, change from the highest bits down."""
        low, high = data
        return cls(high >> 4, high & 15, low >> 4, low & 15)

    def to_wire(self) -> bytes:
        """As :meth:`from_wire`."""
        return bytes([self.read_write << 4 | self.change, self.read << 4 | self.write])

    def holders(self, right: Right) -> frozenset[int]:
        """The keys, or FREE or NEVER, that give this right."""
        if right is Right.CHANGE:
            return frozenset({self.change})
        own = {Right.READ: {self.read}, Right.WRITE: {self.write}, Right.ANY: {self.read, self.write}}
        return frozenset(own.get(right, set()) | {self.read_write})

    def named(self) -> frozenset[int]:
        """The key numbers that are named."""
        return frozenset({self.read, self.write, self.read_write, self.change}) - {FREE, NEVER}
