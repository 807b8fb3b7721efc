"""Commands that make, list, change and delete files: MF3ICD81 functional description, application level commands."""

from collections.abc import Callable

from simulators.cards.desfire.access import AccessRights, Right
from simulators.cards.desfire.command import Command, Commands, Plan, Reply, control, number
from simulators.cards.desfire.file_data import DataFile
from simulators.cards.desfire.file_records import RecordFile
from simulators.cards.desfire.file_value import ValueFile, ValueLimits
from simulators.cards.desfire.files import File, FileHead
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.status import Status, must
from simulators.cards.desfire.visit import Visit

_LAST_FILE = 0x1F
_MODES = {0: Mode.PLAIN, 1: Mode.MACED, 3: Mode.ENCIPHERED}
_HEAD_SIZE = 4


def _creates(make: Callable[[FileHead, bytes], File], rest_size: int) -> Command:
    """``make`` gets what follows number, communication settings and access rights: ``rest_size`` bytes."""

    def run(visit: Visit, header: bytes) -> Reply:
        visit.require_application()
        visit.require_master(unless=visit.selected.free_creating)
        iso_size = 2 if visit.selected.has_iso_ids else 0
        must(len(header) == _HEAD_SIZE + iso_size + rest_size, Status.LENGTH)
        iso_id, header = header[1 : 1 + iso_size], header[:1] + header[1 + iso_size :]
        must(header[0] <= _LAST_FILE, Status.PARAMETER)
        mode, access = _settings(visit, header[1:_HEAD_SIZE])
        file = make(FileHead(header[0], mode, access, iso_id), header[_HEAD_SIZE:])
        must(header[0] not in visit.selected.files, Status.DUPLICATE)
        visit.picc.take(visit.profile, file.memory)
        visit.selected.files[header[0]] = file
        return b""

    return control(run)


def _settings(visit: Visit, data: bytes) -> tuple[Mode, AccessRights]:
    """Communication settings and access rights; both must be possible in this application."""
    access = AccessRights.from_wire(data[1:3])
    keys = len(visit.selected.keys)
    must(data[0] in _MODES and all(key < keys for key in access.named()), Status.PARAMETER)
    return _MODES[data[0]], access


def _data_file(*, backed_up: bool) -> Callable[[FileHead, bytes], File]:
    def make(head: FileHead, rest: bytes) -> File:
        must(number(rest), Status.PARAMETER)
        must(number(rest) < 1 << 16, Status.OUT_OF_MEMORY)
        return DataFile(head, bytes(number(rest)), backed_up=backed_up)

    return make


def _value_file(head: FileHead, rest: bytes) -> File:
    lower, upper, value = (int.from_bytes(rest[at : at + 4], "little", signed=True) for at in (0, 4, 8))
    must(lower <= value <= upper and rest[12] <= 3, Status.PARAMETER)
    limits = ValueLimits(lower, upper, refunds_allowed=bool(rest[12] & 1), free_reading=bool(rest[12] & 2))
    return ValueFile(head, limits, value)


def _record_file(*, cyclic: bool) -> Callable[[FileHead, bytes], File]:
    def make(head: FileHead, rest: bytes) -> File:
        size, places = number(rest[:3]), number(rest[3:])
        must(size and places > cyclic, Status.PARAMETER)
        return RecordFile(head, size, places, cyclic=cyclic)

    return make


def _delete_file(visit: Visit, header: bytes) -> Reply:
    visit.require_application()
    visit.require_master(unless=visit.selected.free_creating)
    visit.selected.file(header[0])
    del visit.selected.files[header[0]]
    return b""


def _get_file_ids(visit: Visit, _header: bytes) -> Reply:
    visit.require_application()
    visit.require_master(unless=visit.selected.free_listing)
    return bytes(visit.selected.files)


def _get_iso_file_ids(visit: Visit, _header: bytes) -> Reply:
    visit.require_application()
    visit.require_master(unless=visit.selected.free_listing)
    must(visit.selected.has_iso_ids, Status.PERMISSION_DENIED)
    return b"".join(file.head.iso_id for file in visit.selected.files.values())


def _get_file_settings(visit: Visit, header: bytes) -> Reply:
    visit.require_application()
    visit.require_master(unless=visit.selected.free_listing)
    return visit.selected.file(header[0]).settings()


def _plan_change_file_settings(visit: Visit, payload: bytes) -> Plan:
    """In clear when anyone may, else enciphered."""
    file = visit.file(payload)
    free = visit.messaging.key_no not in file.head.access.holders(Right.CHANGE)
    visit.mode(file, Right.CHANGE)
    return Plan(header=1, size=3, mode=Mode.PLAIN if free else Mode.ENCIPHERED)


def _change_file_settings(visit: Visit, header: bytes, data: bytes) -> Reply:
    file = visit.selected.file(header[0])
    file.head.mode, file.head.access = _settings(visit, data)
    return b""


COMMANDS: Commands = {
    0xCD: _creates(_data_file(backed_up=False), 3),
    0xCB: _creates(_data_file(backed_up=True), 3),
    0xCC: _creates(_value_file, 13),
    0xC1: _creates(_record_file(cyclic=False), 6),
    0xC0: _creates(_record_file(cyclic=True), 6),
    0xDF: control(_delete_file, 1),
    0x6F: control(_get_file_ids, 0),
    0x61: control(_get_iso_file_ids, 0),
    0xF5: control(_get_file_settings, 1),
    0x5F: Command(_plan_change_file_settings, _change_file_settings),
}
