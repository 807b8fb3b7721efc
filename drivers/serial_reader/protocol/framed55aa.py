"""``55 AA cmd len data… xor``: short binary frames of many Chinese reader modules.

``len`` counts the data bytes; the last byte is the exclusive or of cmd, len and data. The data of a
card report is the card's number, most significant byte first.
"""

from functools import reduce
from operator import xor

_HEAD = b"\x55\xaa"
_OVERHEAD = 5
_MOST_DATA = 32


class Framed55AA:
    """Messages are the data of sound frames. A length over 32 is taken for noise."""

    def __init__(self) -> None:
        self.refused = 0
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the frames that these bytes complete."""
        self._waiting += data
        messages = []
        while self._to_head() and (size := self._size()) is not None and len(self._waiting) >= size:
            body = bytes(self._waiting[2:size])
            sound = size > _OVERHEAD and reduce(xor, body) == 0
            if sound:
                messages.append(body[2:-1])
            else:
                self.refused += 1
            del self._waiting[: size if sound else 1]
        return messages

    def _to_head(self) -> bool:
        start = self._waiting.find(_HEAD)
        if start < 0:
            start = len(self._waiting) - self._waiting.endswith(_HEAD[:1])
        self.refused += start
        del self._waiting[:start]
        return len(self._waiting) >= len(_HEAD)

    def _size(self) -> int | None:
        """Of the whole frame; that of no report at all for a length that cannot be; None while unknown."""
        if len(self._waiting) < 4:
            return None
        count = self._waiting[3]
        return _OVERHEAD + (count if count <= _MOST_DATA else 0)

    def idle(self) -> list[bytes]:
        """Half a frame is none."""
        self.refused += len(self._waiting)
        self._waiting.clear()
        return []
