"""Commands about what stands in files. ``mode`` is the file's own; a wrong one is refused or garbled by the card."""

from typing import Final

from drivers.cards.desfire.protocol.commands.call import call, expect, tell, u24
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure

READ_DATA: Final = 0xBD
WRITE_DATA: Final = 0x3D
READ_RECORDS: Final = 0xBB
WRITE_RECORD: Final = 0x3B
CLEAR_RECORDS: Final = 0xEB
GET_VALUE: Final = 0x6C
CREDIT: Final = 0x0C
DEBIT: Final = 0xDC
LIMITED_CREDIT: Final = 0x1C


def read_data(session: Session | None, file_no: int, offset: int, length: int, mode: Mode) -> Procedure[bytes]:
    """``length`` bytes, not 0."""
    header = bytes([file_no]) + u24(offset) + u24(length)
    return expect(READ_DATA, (yield from call(session, READ_DATA, header, mode=mode, length=length)), length)


def write_data(session: Session | None, file_no: int, offset: int, data: bytes, mode: Mode) -> Procedure[None]:
    """A backup file keeps its old content until the commit."""
    yield from tell(session, WRITE_DATA, bytes([file_no]) + u24(offset) + u24(len(data)), data, mode)


def read_records(
    session: Session | None, file_no: int, first: int, count: int, *, record_size: int, mode: Mode
) -> Procedure[list[bytes]]:
    """``count`` records, not 0, from the ``first`` on, counted backwards from the newest; the oldest comes first."""
    header = bytes([file_no]) + u24(first) + u24(count)
    length = count * record_size
    answer = expect(READ_RECORDS, (yield from call(session, READ_RECORDS, header, mode=mode, length=length)), length)
    return [answer[start : start + record_size] for start in range(0, length, record_size)]


def write_record(session: Session | None, file_no: int, offset: int, data: bytes, mode: Mode) -> Procedure[None]:
    """Into a new record, which counts from the commit on."""
    yield from tell(session, WRITE_RECORD, bytes([file_no]) + u24(offset) + u24(len(data)), data, mode)


def clear_records(session: Session | None, file_no: int) -> Procedure[None]:
    """All records are gone from the commit on."""
    yield from tell(session, CLEAR_RECORDS, bytes([file_no]))


def get_value(session: Session | None, file_no: int, mode: Mode) -> Procedure[int]:
    """The committed value."""
    answer = yield from call(session, GET_VALUE, bytes([file_no]), mode=mode, length=4)
    return int.from_bytes(expect(GET_VALUE, answer, 4), "little", signed=True)


def credit(session: Session | None, file_no: int, amount: int, mode: Mode) -> Procedure[None]:
    """Adds, from the commit on."""
    yield from tell(session, CREDIT, bytes([file_no]), _amount(amount), mode)


def debit(session: Session | None, file_no: int, amount: int, mode: Mode) -> Procedure[None]:
    """Takes off, from the commit on."""
    yield from tell(session, DEBIT, bytes([file_no]), _amount(amount), mode)


def limited_credit(session: Session | None, file_no: int, amount: int, mode: Mode) -> Procedure[None]:
    """Gives back at most what the last transaction took off, once."""
    yield from tell(session, LIMITED_CREDIT, bytes([file_no]), _amount(amount), mode)


def _amount(amount: int) -> bytes:
    return amount.to_bytes(4, "little", signed=True)
