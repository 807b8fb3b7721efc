"""CREATE FILE and ERASE DF."""

from simulators.cards.apdu import Apdu, Status, StatusError
from simulators.cards.fmcos.files import MF_ID, PROTECTION, Binary, Directory, KeyFile
from simulators.cards.fmcos.session import Session

_DF, _BINARY, _KEY_FILE = 0x38, 0x28, 0x3F
_UNPLAYED = frozenset({0x2A, 0x2C, 0x2E, 0x2F})
_NAME_SIZES = range(5, 17)
_FIXED = 7  # type, space (2) and four more bytes
_DF_FIXED = 8  # type, space (2), create, erase, application, two reserved


def create_file(session: Session, apdu: Apdu) -> bytes:
    """``80 E0 FID Lc``: type ‖ space (2) ‖ by type. Directories and files are not selected by this.

    38 DF: create ‖ erase ‖ application ‖ FF FF ‖ name (5 to 16) · 3F keys: DF's short number ‖ add ‖ FF FF ·
    28 binary: read ‖ write ‖ FF ‖ access; 80 or C0 is added to the type for line protection.
    """
    directory = session.directory
    if not apdu.data:
        raise StatusError(Status.WRONG_LENGTH)
    session.require(directory.create)
    if apdu.p1_p2 == MF_ID or apdu.p1_p2 in directory.numbers():
        raise StatusError(Status.WRONG_DATA)
    kind = apdu.data[0] & ~PROTECTION
    if kind == _DF:
        _create_directory(session, apdu)
    elif kind == _KEY_FILE:
        _create_key_file(directory, apdu)
    elif kind == _BINARY:
        _create_binary(directory, apdu)
    else:
        raise StatusError(Status.NOT_SUPPORTED if kind in _UNPLAYED else Status.WRONG_DATA)
    return b""


def _create_directory(session: Session, apdu: Apdu) -> None:
    data = apdu.data
    name = data[_DF_FIXED:]
    if len(name) not in _NAME_SIZES:
        raise StatusError(Status.WRONG_LENGTH)
    if any(each.name == name for each in session.mf.walk()):
        raise StatusError(Status.WRONG_DATA)
    new = Directory(apdu.p1_p2, name, int.from_bytes(data[1:3]), data[3], data[4], data[5])
    _require_room(session.directory, new.room)
    session.directory.children.append(new)


def _create_key_file(directory: Directory, apdu: Apdu) -> None:
    apdu.require_length(_FIXED)
    if directory.key_file is not None:
        raise StatusError(Status.WRONG_DATA)
    new = KeyFile(apdu.p1_p2, int.from_bytes(apdu.data[1:3]), apdu.data[4])
    _require_room(directory, new.room)
    directory.key_file = new


def _create_binary(directory: Directory, apdu: Apdu) -> None:
    apdu.require_length(_FIXED)
    kind, _, _, read, write, _, access = apdu.data
    content = bytes(int.from_bytes(apdu.data[1:3]))
    if kind & PROTECTION == 0x40:
        raise StatusError(Status.WRONG_DATA)
    new = Binary(apdu.p1_p2, read, write, access, kind & PROTECTION, content)
    _require_room(directory, new.room)
    directory.files.append(new)


def _require_room(directory: Directory, room: int) -> None:
    if room > directory.free:
        raise StatusError(Status.NO_ROOM)


def erase_df(session: Session, apdu: Apdu) -> bytes:
    """``80 0E 00 00``: erases what is in the current directory, which itself stays, as does what was proven."""
    if apdu.p1_p2:
        raise StatusError(Status.WRONG_P1_P2)
    if apdu.data:
        raise StatusError(Status.WRONG_LENGTH)
    session.require(session.directory.erase)
    session.directory.clear()
    session.file = None
    return b""
