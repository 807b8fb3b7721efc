"""Files as they lie on the card, and what a transaction has changed but not committed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from simulators.cards.desfire.access import AccessRights
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.status import Status, must

_BLOCK: Final = 32


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


class DataFile(File):
    """Bytes; with ``backed_up``, what is written shows only after CommitTransaction."""

    def __init__(self, head: FileHead, content: bytes, *, backed_up: bool) -> None:
        super().__init__(head)
        self.type = FileType.BACKUP if backed_up else FileType.STANDARD
        self.content = content
        self._new: bytes | None = None

    @property
    def memory(self) -> int:
        """Whole blocks; twice for the mirror of a backup file."""
        return blocks(len(self.content)) * (2 if self.type is FileType.BACKUP else 1)

    def particulars(self) -> bytes:
        """Its size."""
        return len(self.content).to_bytes(3, "little")

    def write(self, offset: int, data: bytes) -> None:
        """The place was checked before."""
        old = self.content if self._new is None else self._new
        new = old[:offset] + data + old[offset + len(data) :]
        if self.type is FileType.BACKUP:
            self._new = new
        else:
            self.content = new

    def commit(self) -> bool:
        """The mirror becomes the content."""
        changed, self._new = self._new, None
        if changed is not None:
            self.content = changed
        return changed is not None

    def abort(self) -> bool:
        """The mirror is dropped."""
        changed, self._new = self._new, None
        return changed is not None

    def dump(self) -> dict[str, Any]:
        """Its content."""
        return {"type": self.type.name, "head": self.head.dump(), "content": self.content.hex()}


@dataclass(slots=True)
class ValueLimits:
    """``refund``: how much LimitedCredit may give back. All are signed 32-bit numbers."""

    lower: int
    upper: int
    refund: int = 0
    refunds_allowed: bool = False
    free_reading: bool = False


@dataclass(slots=True)
class _Pending:
    """``debited``: the sum of this transaction."""

    value: int
    debited: int = 0
    refunded: bool = False


class ValueFile(File):
    """A number between two limits."""

    type = FileType.VALUE

    def __init__(self, head: FileHead, limits: ValueLimits, value: int) -> None:
        super().__init__(head)
        self.limits = limits
        self.value = value
        self._pending: _Pending | None = None

    @property
    def memory(self) -> int:
        """The same for all of them."""
        return _BLOCK

    def particulars(self) -> bytes:
        """Limits, what LimitedCredit may give back, and whether it and free GetValue are enabled."""
        numbers = (self.limits.lower, self.limits.upper, self.limits.refund)
        flags = self.limits.refunds_allowed | self.limits.free_reading << 1
        return b"".join(number.to_bytes(4, "little", signed=True) for number in numbers) + bytes([flags])

    def credit(self, amount: int) -> None:
        """BOUNDARY above the upper limit."""
        pending = self._pending or _Pending(self.value)
        must(pending.value + amount <= self.limits.upper, Status.BOUNDARY)
        pending.value += amount
        self._pending = pending

    def debit(self, amount: int) -> None:
        """BOUNDARY below the lower limit."""
        pending = self._pending or _Pending(self.value)
        must(pending.value - amount >= self.limits.lower, Status.BOUNDARY)
        pending.value -= amount
        pending.debited += amount
        self._pending = pending

    def refund(self, amount: int) -> None:
        """LimitedCredit: once, and no more than the last transaction took."""
        must(self.limits.refunds_allowed, Status.PERMISSION_DENIED)
        used = self._pending is not None and self._pending.refunded
        must(amount <= self.limits.refund and not used, Status.BOUNDARY)
        self.credit(amount)
        if self._pending is not None:
            self._pending.refunded = True

    def commit(self) -> bool:
        """What was debited can be given back by the next transaction."""
        pending, self._pending = self._pending, None
        if pending is None:
            return False
        self.value = pending.value
        if pending.debited or pending.refunded:
            self.limits.refund = pending.debited
        return True

    def abort(self) -> bool:
        """The value stays."""
        pending, self._pending = self._pending, None
        return pending is not None

    def dump(self) -> dict[str, Any]:
        """Value and limits."""
        limits = self.limits
        return {
            "type": self.type.name,
            "head": self.head.dump(),
            "value": self.value,
            "limits": [limits.lower, limits.upper, limits.refund, limits.refunds_allowed, limits.free_reading],
        }


@dataclass(slots=True)
class _NewRecords:
    """``record``: the one that this transaction writes."""

    record: bytes | None = None
    cleared: bool = False


class RecordFile(File):
    """Records of one size, oldest first. A cyclic file drops the oldest and needs one place for the new one."""

    def __init__(self, head: FileHead, record_size: int, places: int, *, cyclic: bool) -> None:
        super().__init__(head)
        self.type = FileType.CYCLIC if cyclic else FileType.LINEAR
        self.record_size = record_size
        self.places = places
        self.records: list[bytes] = []
        self._new: _NewRecords | None = None

    @property
    def memory(self) -> int:
        """Whole blocks for all places."""
        return blocks(self.record_size * self.places)

    def particulars(self) -> bytes:
        """Record size, places, records."""
        return b"".join(number.to_bytes(3, "little") for number in (self.record_size, self.places, len(self.records)))

    def write(self, offset: int, data: bytes) -> None:
        """Into the new record. PERMISSION_DENIED after a clearing, BOUNDARY when a linear file is full."""
        new = self._new or _NewRecords()
        must(not new.cleared, Status.PERMISSION_DENIED)
        must(self.type is FileType.CYCLIC or len(self.records) < self.places, Status.BOUNDARY)
        record = new.record or bytes(self.record_size)
        new.record = record[:offset] + data + record[offset + len(data) :]
        self._new = new

    def clear(self) -> None:
        """All records go at CommitTransaction."""
        self._new = _NewRecords(cleared=True)

    def commit(self) -> bool:
        """The new record is the latest, or all are gone."""
        new, self._new = self._new, None
        if new is None:
            return False
        if new.cleared:
            self.records = []
        if new.record is not None:
            self.records.append(new.record)
        if self.type is FileType.CYCLIC:
            self.records = self.records[-(self.places - 1) :]
        return True

    def abort(self) -> bool:
        """The records stay."""
        new, self._new = self._new, None
        return new is not None

    def dump(self) -> dict[str, Any]:
        """Its records."""
        return {
            "type": self.type.name,
            "head": self.head.dump(),
            "record_size": self.record_size,
            "places": self.places,
            "records": [record.hex() for record in self.records],
        }


def blocks(size: int) -> int:
    """Rounded up to what the memory is handed out in."""
    return -(-size // _BLOCK) * _BLOCK


def load(data: dict[str, Any]) -> File:
    """What :meth:`File.dump` gave."""
    head, kind = FileHead.load(data["head"]), FileType[data["type"]]
    if kind in {FileType.STANDARD, FileType.BACKUP}:
        return DataFile(head, bytes.fromhex(data["content"]), backed_up=kind is FileType.BACKUP)
    if kind is FileType.VALUE:
        return ValueFile(head, ValueLimits(*data["limits"]), data["value"])
    file = RecordFile(head, data["record_size"], data["places"], cyclic=kind is FileType.CYCLIC)
    file.records = [bytes.fromhex(record) for record in data["records"]]
    return file
