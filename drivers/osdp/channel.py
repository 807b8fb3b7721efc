"""The bytes between libosdp and a link that may vanish and come back."""

import time
from typing import TYPE_CHECKING

from drivers.osdp.protocol.frames import answering_addresses, polled_address
from gateway.ports import DeviceOfflineError

if TYPE_CHECKING:
    from drivers.link.serial import SerialLink

_MOST_WAITING = 4096


class Channel:
    """What libosdp calls ``read``, ``write`` and ``flush`` on; they must not raise.

    ``polled`` and ``heard`` keep, per reader address, when a command left and when a reply began.
    """

    def __init__(self) -> None:
        self.id = 0
        self.link: SerialLink | None = None
        self.lost: DeviceOfflineError | None = None
        self.polled: dict[int, float] = {}
        self.heard: dict[int, float] = {}
        self._waiting = bytearray()

    def fetch(self, now: float) -> None:
        """Takes what the link has. Garbage is bounded: more than libosdp could use is dropped, oldest first."""
        if self.link is None:
            return
        try:
            data = self.link.read()
        except DeviceOfflineError as error:
            self.lost = error
            return
        self._waiting += data
        del self._waiting[:-_MOST_WAITING]
        for address in answering_addresses(data):
            self.heard[address] = now

    def read(self, most: int) -> bytes:
        """For libosdp: at most that many of the waiting bytes."""
        data = bytes(self._waiting[:most])
        del self._waiting[:most]
        return data

    def write(self, frame: bytes) -> int:
        """For libosdp. A vanished link swallows the frame; the line notices right after."""
        if self.link is None:
            return len(frame)
        address = polled_address(frame)
        if address is not None:
            self.polled[address] = time.monotonic()
        try:
            return self.link.write(frame)
        except DeviceOfflineError as error:
            self.lost = error
            return len(frame)

    def flush(self) -> None:
        """For libosdp: forget what is left of a broken frame."""
        self._waiting.clear()

    def drop(self) -> None:
        """Closes the link and forgets everything about it."""
        if self.link is not None:
            self.link.close()
        self.link = None
        self.lost = None
        self._waiting.clear()
        self.polled.clear()
        self.heard.clear()
