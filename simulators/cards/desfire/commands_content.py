"""Commands about what is in files, and transactions: MF3ICD81 functional description, data manipulation commands."""

from collections.abc import Callable
from typing import TypeVar

from simulators.cards.desfire.access import Right
from simulators.cards.desfire.command import Command, Commands, Plan, Reply, control, number
from simulators.cards.desfire.file_data import DataFile
from simulators.cards.desfire.file_records import RecordFile
from simulators.cards.desfire.file_value import ValueFile
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.status import Status, must
from simulators.cards.desfire.visit import Visit

_HEADER = 7
_AMOUNT = 4
_F = TypeVar("_F", DataFile, ValueFile, RecordFile)


def _of(visit: Visit, payload: bytes, kind: type[_F], header: int) -> _F:
    """The file the command is about. PERMISSION_DENIED when it is of another kind."""
    file = visit.file(payload)
    must(isinstance(file, kind), Status.PERMISSION_DENIED)
    must(len(payload) >= header, Status.LENGTH)
    assert isinstance(file, kind)  # noqa: S101  # for the type checker: must() has said so
    return file


def _range(header: bytes) -> tuple[int, int]:
    """Offset and length, three bytes each."""
    return number(header[1:4]), number(header[4:7])


def _plan_read_data(visit: Visit, payload: bytes) -> Plan:
    """A length of 0 asks for the rest of the file."""
    file = _of(visit, payload, DataFile, _HEADER)
    mode = visit.mode(file, Right.READ)
    offset, length = _range(payload)
    must(offset < len(file.content) and offset + length <= len(file.content), Status.BOUNDARY)
    return Plan(_HEADER, mode=mode, reply=mode, asked=length > 0)


def _read_data(visit: Visit, header: bytes, _data: bytes) -> Reply:
    content = _of(visit, header, DataFile, _HEADER).content
    offset, length = _range(header)
    return content[offset : offset + length] if length else content[offset:]


def _plan_write_data(visit: Visit, payload: bytes) -> Plan:
    file = _of(visit, payload, DataFile, _HEADER)
    mode = visit.mode(file, Right.WRITE)
    offset, length = _range(payload)
    must(length, Status.PARAMETER)
    must(offset + length <= len(file.content), Status.BOUNDARY)
    return Plan(_HEADER, length, mode, _acknowledged(mode))


def _acknowledged(mode: Mode) -> Mode:
    """An answer without data carries a MAC when the command was protected."""
    return Mode.PLAIN if mode is Mode.PLAIN else Mode.MACED


def _write_data(visit: Visit, header: bytes, data: bytes) -> Reply:
    _of(visit, header, DataFile, _HEADER).write(_range(header)[0], data)
    return b""


def _plan_get_value(visit: Visit, payload: bytes) -> Plan:
    file = _of(visit, payload, ValueFile, 1)
    free = file.limits.free_reading and visit.messaging.key_no not in file.head.access.holders(Right.ANY)
    mode = Mode.PLAIN if free else visit.mode(file, Right.ANY)
    return Plan(1, mode=mode, reply=mode)


def _get_value(visit: Visit, header: bytes, _data: bytes) -> Reply:
    return _of(visit, header, ValueFile, 1).value.to_bytes(4, "little", signed=True)


def _changes_value(right: Right, change: Callable[[ValueFile, int], None]) -> Command:
    def plan(visit: Visit, payload: bytes) -> Plan:
        mode = visit.mode(_of(visit, payload, ValueFile, 1), right)
        return Plan(1, _AMOUNT, mode, _acknowledged(mode))

    def run(visit: Visit, header: bytes, data: bytes) -> Reply:
        amount = int.from_bytes(data, "little", signed=True)
        must(amount >= 0, Status.PARAMETER)
        change(_of(visit, header, ValueFile, 1), amount)
        return b""

    return Command(plan, run)


def _plan_read_records(visit: Visit, payload: bytes) -> Plan:
    """Counted back from the latest; 0 asks for all that are older."""
    file = _of(visit, payload, RecordFile, _HEADER)
    mode = visit.mode(file, Right.READ)
    skipped, count = _range(payload)
    must(skipped < len(file.records) and skipped + count <= len(file.records), Status.BOUNDARY)
    return Plan(_HEADER, mode=mode, reply=mode, asked=count > 0)


def _read_records(visit: Visit, header: bytes, _data: bytes) -> Reply:
    """The oldest first."""
    records = _of(visit, header, RecordFile, _HEADER).records
    skipped, count = _range(header)
    end = len(records) - skipped
    return b"".join(records[end - (count or end) : end])


def _plan_write_record(visit: Visit, payload: bytes) -> Plan:
    file = _of(visit, payload, RecordFile, _HEADER)
    mode = visit.mode(file, Right.WRITE)
    offset, length = _range(payload)
    must(length, Status.PARAMETER)
    must(offset + length <= file.record_size, Status.BOUNDARY)
    return Plan(_HEADER, length, mode, _acknowledged(mode))


def _write_record(visit: Visit, header: bytes, data: bytes) -> Reply:
    _of(visit, header, RecordFile, _HEADER).write(_range(header)[0], data)
    return b""


def _clear_records(visit: Visit, header: bytes) -> Reply:
    file = _of(visit, header, RecordFile, 1)
    visit.mode(file, Right.ALTER)
    file.clear()
    return b""


def _commit(visit: Visit, header: bytes) -> Reply:
    """EV2 adds an option; only 00 is known to a card without a transaction MAC file."""
    must(not header or visit.profile.has_ev2_messaging, Status.LENGTH)
    visit.require_application()
    must(header in {b"", b"\x00"}, Status.PARAMETER)
    must(visit.selected.commit(), Status.NO_CHANGES)
    return b""


def _abort(visit: Visit, _header: bytes) -> Reply:
    visit.require_application()
    must(visit.selected.abort(), Status.NO_CHANGES)
    return b""


COMMANDS: Commands = {
    0xBD: Command(_plan_read_data, _read_data),
    0x3D: Command(_plan_write_data, _write_data),
    0x6C: Command(_plan_get_value, _get_value),
    0x0C: _changes_value(Right.ALTER, ValueFile.credit),
    0xDC: _changes_value(Right.ANY, ValueFile.debit),
    0x1C: _changes_value(Right.WRITE, ValueFile.refund),
    0xBB: Command(_plan_read_records, _read_records),
    0x3B: Command(_plan_write_record, _write_record),
    0xEB: control(_clear_records, 1),
    0xC7: control(_commit, 0, 1),
    0xA7: control(_abort, 0),
}
EV2_COMMANDS: Commands = {
    0xAD: Command(_plan_read_data, _read_data, long=True),
    0x8D: Command(_plan_write_data, _write_data, long=True),
    0xAB: Command(_plan_read_records, _read_records, long=True),
    0x8B: Command(_plan_write_record, _write_record, long=True),
}
