"""Commands about the files of the selected application."""

from typing import Final

from drivers.cards.desfire.protocol.commands.call import call, tell
from drivers.cards.desfire.protocol.commands.file_settings import (
    AccessRights,
    DataFile,
    FileSettings,
    RecordFile,
    ValueFile,
    parse_file_settings,
)
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure

GET_FILE_IDS: Final = 0x6F
GET_FILE_SETTINGS: Final = 0xF5
CHANGE_FILE_SETTINGS: Final = 0x5F
CREATE_STANDARD: Final = 0xCD
CREATE_BACKUP: Final = 0xCB
CREATE_VALUE: Final = 0xCC
CREATE_LINEAR: Final = 0xC1
CREATE_CYCLIC: Final = 0xC0
DELETE_FILE: Final = 0xDF
COMMIT: Final = 0xC7
ABORT: Final = 0xA7


def file_ids(session: Session | None = None) -> Procedure[bytes]:
    """One byte a file."""
    return (yield from call(session, GET_FILE_IDS))


def file_settings(session: Session | None, file_no: int) -> Procedure[FileSettings]:
    """What the file is, and who may do what with it."""
    return parse_file_settings(GET_FILE_SETTINGS, (yield from call(session, GET_FILE_SETTINGS, bytes([file_no]))))


def change_file_settings(session: Session | None, file_no: int, mode: Mode, rights: AccessRights) -> Procedure[None]:
    """``session``: with the file's change key; None where anybody may change it."""
    how = Mode.PLAIN if session is None else Mode.ENCIPHERED
    yield from tell(session, CHANGE_FILE_SETTINGS, bytes([file_no]), bytes([mode.value]) + rights.encode(), how)


def create_file(session: Session | None, file_no: int, settings: FileSettings) -> Procedure[None]:
    """Raises CardRefusedError with DUPLICATE when it is there."""
    yield from tell(session, _create(settings), bytes([file_no]) + settings.encode())


def delete_file(session: Session | None, file_no: int) -> Procedure[None]:
    """Its memory comes back only when the whole card is formatted."""
    yield from tell(session, DELETE_FILE, bytes([file_no]))


def commit(session: Session | None) -> Procedure[None]:
    """All that was written to backup, value and record files since the application was selected counts now."""
    yield from tell(session, COMMIT)


def abort(session: Session | None) -> Procedure[None]:
    """None of it counts."""
    yield from tell(session, ABORT)


def _create(settings: FileSettings) -> int:
    match settings:
        case DataFile():
            return CREATE_BACKUP if settings.backup else CREATE_STANDARD
        case ValueFile():
            return CREATE_VALUE
        case RecordFile():
            return CREATE_CYCLIC if settings.cyclic else CREATE_LINEAR
