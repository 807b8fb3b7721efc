"""Text ended by CR, LF or both, or by silence: line scanners, and readers that print a card's number."""

import re

from drivers.serial_reader.protocol.codec import MOST_WAITING

_END = re.compile(rb"[\r\n]")


class Lines:
    """Messages are the lines without their end; empty lines are no messages.

    A line longer than 512 bytes is refused as a whole. A slip's QR is at most 300 characters.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._waiting = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        *ended, rest = _END.split(data)
        messages = []
        for part in ended:
            self._take(part)
            messages += self.idle()
        self._take(rest)
        return messages

    def _take(self, part: bytes) -> None:
        self._waiting += part
        if self._too_long or len(self._waiting) > MOST_WAITING:
            self._too_long = True
            self.refused += len(self._waiting)
            self._waiting.clear()

    def idle(self) -> list[bytes]:
        """What stands there without an end is a line too."""
        line, self._waiting, self._too_long = bytes(self._waiting), bytearray(), False
        return [line] if line else []
