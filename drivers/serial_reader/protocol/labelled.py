"""``卡号:NNNNNNNNNN@``: readers of Chinese desks that label the number and end it with an at sign.

The label comes in UTF-8 or in GBK, the colon in half or full width; ten decimal digits follow.
"""

import re

from drivers.serial_reader.protocol.codec import MOST_WAITING

_COLON = "|".join(re.escape(c).decode("latin-1") for c in (b":", "：".encode(), "：".encode("gbk")))
_LABEL = "|".join(re.escape("卡号".encode(c)).decode("latin-1") for c in ("utf-8", "gbk"))
_FRAME = re.compile(f"(?:{_LABEL})(?:{_COLON})([0-9]{{10}})@".encode("latin-1"))
_LONGEST_FRAME = 32


class Labelled:
    """Messages are the ten digits. Anything around a sound frame is skipped and counted."""

    def __init__(self) -> None:
        self.refused = 0
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The numbers whose at sign arrived."""
        messages = []
        self._waiting += data
        done = 0
        for frame in _FRAME.finditer(self._waiting):
            self.refused += frame.start() - done
            done = frame.end()
            messages.append(frame.group(1))
        del self._waiting[:done]
        if len(self._waiting) > MOST_WAITING:
            self.refused += len(self._waiting) - _LONGEST_FRAME
            del self._waiting[:-_LONGEST_FRAME]
        return messages

    def idle(self) -> list[bytes]:
        """Half a frame is none."""
        self.refused += len(self._waiting)
        self._waiting.clear()
        return []
