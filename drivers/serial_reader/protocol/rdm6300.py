"""RDM6300 and its kin for 125 kHz cards: 02, ten hexadecimal digits, two of checksum, 03 at 9,600 baud.

RDM6300 data sheet (ITead), "Data format": the checksum is the exclusive or of the five number bytes.
"""

from functools import reduce
from operator import xor

_START = 0x02
_END = 0x03
_FRAME = 14


class Rdm6300:
    """Messages are the five number bytes: version or customer code, then the card's 32 bits."""

    def __init__(self) -> None:
        self.refused = 0
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The numbers of the frames that these bytes complete; a broken one costs no more than its first byte."""
        self._waiting += data
        messages = []
        while self._to_start() and len(self._waiting) >= _FRAME:
            number = _number(bytes(self._waiting[:_FRAME]))
            used = 1 if number is None else _FRAME
            if number is None:
                self.refused += 1
            else:
                messages.append(number)
            del self._waiting[:used]
        return messages

    def _to_start(self) -> bool:
        start = self._waiting.find(_START)
        skipped = len(self._waiting) if start < 0 else start
        self.refused += skipped
        del self._waiting[:skipped]
        return start >= 0

    def idle(self) -> list[bytes]:
        """Half a frame is none."""
        self.refused += len(self._waiting)
        self._waiting.clear()
        return []


def _number(frame: bytes) -> bytes | None:
    if frame[-1] != _END or not frame[1:-1].isalnum():
        return None
    try:
        *number, check = bytes.fromhex(frame[1:-1].decode("ascii"))
    except ValueError:
        return None
    return bytes(number) if reduce(xor, number) == check else None
