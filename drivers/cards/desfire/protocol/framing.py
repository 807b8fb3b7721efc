"""Commands and answers of DESFire in ISO 7816-4 frames, and the frames that follow when one does not hold it all.

``90 INS 00 00 [Lc data] 00``, answered by ``data 91 SS`` (MF3ICD81 data sheet, ISO 7816 wrapping of native commands).
A frame carries 54 bytes of data: the card takes 64 bytes with its block header, checksum and the APDU around the data;
the recorded writes of libfreefare-java's AESEncryptionTest cut there too.
"""

from typing import Final

from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardGarbledError

FRAME_SIZE: Final = 54
_LONGEST_ANSWER: Final = 16 * 1024
_SW1: Final = 0x91


def native(ins: int, data: bytes = b"") -> list[bytes]:
    """The APDUs of one command: all but the last are answered by AF, additional frame."""
    parts = [data[start : start + FRAME_SIZE] for start in range(0, len(data), FRAME_SIZE)] or [b""]
    return [wrap(Status.ADDITIONAL_FRAME if number else ins, part) for number, part in enumerate(parts)]


def wrap(ins: int, data: bytes = b"") -> bytes:
    """One APDU with at most 255 bytes of data."""
    return bytes([0x90, ins, 0, 0]) + (bytes([len(data)]) + data if data else b"") + b"\x00"


def send(ins: int, data: bytes = b"") -> Procedure[tuple[int, bytes]]:
    """One frame and its answer: status and data. Raises CardGarbledError, or CardRefusedError when SW1 is not 91."""
    answer = yield wrap(ins, data)
    if len(answer) < 2:
        raise CardGarbledError("The card's answer has no status: lay the card down again.")
    if answer[-2] != _SW1:
        raise DesfireRefusedError(ins, int.from_bytes(answer[-2:]))
    return answer[-1], answer[:-2]


def exchange(ins: int, payload: bytes = b"") -> Procedure[tuple[int, bytes]]:
    """A whole command and its whole answer: the last status and the data of all frames.

    An error status is returned, not raised. Raises CardGarbledError, or CardRefusedError when SW1 is not 91.
    """
    *first, last = native(ins, payload)
    for apdu in first:
        status, data = yield from _frame(apdu)
        if status != Status.ADDITIONAL_FRAME:
            return _end_early(status)
        if data:
            raise CardGarbledError("The card answered before it had heard the whole command: lay the card down again.")
    status, data = yield from _frame(last)
    return (yield from _rest(status, data))


def command(ins: int, payload: bytes = b"") -> Procedure[bytes]:
    """As :func:`exchange`, for commands outside a session: raises CardRefusedError for an error status."""
    status, data = yield from exchange(ins, payload)
    if status != Status.OK:
        raise DesfireRefusedError(ins, status)
    return data


def _frame(apdu: bytes) -> Procedure[tuple[int, bytes]]:
    return (yield from send(apdu[1], apdu[5:-1]))


def _end_early(status: int) -> tuple[int, bytes]:
    if status == Status.OK:
        raise CardGarbledError("The card answered before it had heard the whole command: lay the card down again.")
    return status, b""


def _rest(status: int, data: bytes) -> Procedure[tuple[int, bytes]]:
    whole = bytearray(data)
    while status == Status.ADDITIONAL_FRAME:
        status, data = yield from send(Status.ADDITIONAL_FRAME)
        whole += data
        if (not data and status == Status.ADDITIONAL_FRAME) or len(whole) > _LONGEST_ANSWER:
            raise CardGarbledError("The card's answer does not end: lay the card down again.")
    return status, bytes(whole)
