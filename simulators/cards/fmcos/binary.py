"""READ BINARY and UPDATE BINARY."""

from simulators.cards.apdu import Apdu, Status, StatusError, wrong_le
from simulators.cards.fmcos.files import Binary, KeyType
from simulators.cards.fmcos.protection import PROTECTED_CLASS, open_command, seal_answer
from simulators.cards.fmcos.session import Session

_SHORT, _RESERVED = 0x80, 0x60


def read_binary(session: Session, apdu: Apdu) -> bytes:
    """``00 B0 P1 P2 Le``, or ``04 B0 P1 P2 04 MAC Le``. P1 = 80 + short number, or P1 P2 = offset in the current file.

    6B00 for an offset behind the end, 6Cxx for a Le beyond it.
    """
    file, offset = _place(session, apdu)
    session.require(file.read)
    is_protected = _require_class(apdu, file, needed=file.protects_reading)
    if apdu.le is None or (apdu.data and not is_protected):
        raise StatusError(Status.WRONG_LENGTH)
    if is_protected:
        key = session.key(KeyType.LINE_PROTECTION, file.read_key)
        if open_command(session, apdu, key, file.protection):
            raise StatusError(Status.WRONG_LENGTH)
        return seal_answer(session, _part(file, offset, apdu.le), key, file.protection)
    return _part(file, offset, apdu.le)


def update_binary(session: Session, apdu: Apdu) -> bytes:
    """``00 D6 P1 P2 Lc data``, or ``04 D6``; P1 P2 as for reading. 6B00 or 6A84 for data that do not fit."""
    file, offset = _place(session, apdu)
    session.require(file.write)
    data = apdu.data
    if _require_class(apdu, file, needed=bool(file.protection)):
        data = open_command(session, apdu, session.key(KeyType.LINE_PROTECTION, file.write_key), file.protection)
    if not data:
        raise StatusError(Status.WRONG_LENGTH)
    _require_offset(file, offset)
    if offset + len(data) > len(file.content):
        raise StatusError(Status.NO_ROOM)
    file.content = file.content[:offset] + data + file.content[offset + len(data) :]
    return b""


def _place(session: Session, apdu: Apdu) -> tuple[Binary, int]:
    """A short number selects its file as well."""
    if apdu.p1 & _SHORT:
        if apdu.p1 & _RESERVED:
            raise StatusError(Status.WRONG_P1_P2)
        number = apdu.p1 & 0x1F
        session.file = next((file for file in session.directory.files if file.number & 0x1F == number), session.file)
        if session.file is None or session.file.number & 0x1F != number:
            raise StatusError(Status.NOT_FOUND)
        return session.file, apdu.p2
    if session.file is None:
        raise StatusError(Status.NO_CURRENT_FILE)
    return session.file, apdu.p1_p2


def _require_class(apdu: Apdu, file: Binary, *, needed: bool) -> bool:
    """Whether the command is protected. Raises StatusError 6900 when it must be, or must not."""
    is_protected = bool(apdu.cla & PROTECTED_CLASS)
    if (needed and not is_protected) or (is_protected and not file.protection):
        raise StatusError(Status.WRONG_PROTECTION)
    return is_protected


def _part(file: Binary, offset: int, wanted: int) -> bytes:
    _require_offset(file, offset)
    left = len(file.content) - offset
    if wanted > left:
        raise wrong_le(left)
    return file.content[offset : offset + (wanted or min(left, 256))]


def _require_offset(file: Binary, offset: int) -> None:
    if offset >= len(file.content):
        raise StatusError(Status.WRONG_OFFSET)
