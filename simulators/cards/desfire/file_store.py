"""Files of every type, back from JSON."""

from typing import Any

from simulators.cards.desfire.file_data import DataFile
from simulators.cards.desfire.file_records import RecordFile
from simulators.cards.desfire.file_value import ValueFile, ValueLimits
from simulators.cards.desfire.files import File, FileHead, FileType


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
