"""Files as they lie on the card, and what a transaction has changed but not committed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from simulators.cards.desfire.access import AccessRights
from simulators.cards.desfire.messaging import Mode

BLOCK: Final = 32
"""What the memory is handed out in."""


class FileType(IntEnum):
    """The first byte of GetFileSettings: MF3ICD81 functional description, GetFileSettings."""

    STANDARD = 0
    BACKUP = 1
    VALUE = 2
    LINEAR = 3
    CYCLIC = 4


@dataclass(slots=True)
class FileHead:
    """What every file has. ``iso_id``: two bytes, or none."""

    number: int
    mode: Mode
    access: AccessRights
    iso_id: bytes = b""

    def dump(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "number": self.number,
            "mode": self.mode.name,
            "access": self.access.to_wire().hex(),
            "iso_id": self.iso_id.hex(),
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> "FileHead":
        """What :meth:`dump` gave."""
        access = AccessRights.from_wire(bytes.fromhex(data["access"]))
        return cls(data["number"], Mode[data["mode"]], access, bytes.fromhex(data["iso_id"]))


class File(ABC):
    """A file of any type. ``head``: its number and settings."""

    type: FileType

    def __init__(self, head: FileHead) -> None:
        self.head = head

    def settings(self) -> bytes:
        """What GetFileSettings tells."""
        return bytes([self.type, self.head.mode.value or 0]) + self.head.access.to_wire() + self.particulars()

    @abstractmethod
    def particulars(self) -> bytes:
        """The part of the settings that only this type has."""

    @property
    @abstractmethod
    def memory(self) -> int:
        """Bytes it takes on the card."""

    def commit(self) -> bool:
        """Makes the changes of the transaction last; False when there were none."""
        return False

    def abort(self) -> bool:
        """Forgets the changes of the transaction; False when there were none."""
        return False

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """What stays without power, for JSON."""


def blocks(size: int) -> int:
    """Rounded up to what the memory is handed out in."""
    return -(-size // BLOCK) * BLOCK
