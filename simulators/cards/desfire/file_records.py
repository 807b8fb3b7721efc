"""Linear and cyclic record files."""

from dataclasses import dataclass
from typing import Any

from simulators.cards.desfire.files import File, FileHead, FileType, blocks
from simulators.cards.desfire.status import Status, must


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
