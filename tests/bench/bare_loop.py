"""The least software between a card and a coil: libosdp in a loop, eight bytes to the board, no decision, no record.

``python -m tests.bench.bare_loop LINE BARRIER KEY``, the reference of card_to_coil.
"""

import os
import select
import struct
import sys
import time
from pathlib import Path
from typing import Any

import osdp_sys
from osdp import Event, LibFlag

from drivers.modbus_barrier.protocol.map import FLASH_ON, Coil
from simulators.devices.barrier import crc16

_POLL_S = 0.0505  # libosdp polls every 50 ms; asked a hair earlier it would wait for the next call
_BUSY_S = 0.005


class _Wire:
    """What libosdp reads and writes."""

    id = 0

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.polled = time.monotonic()

    def read(self, most: int) -> bytes:
        try:
            return os.read(self.fd, most)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        self.polled = time.monotonic()
        return os.write(self.fd, data)

    def flush(self) -> None:
        """Nothing waits here."""


def main(line: Path, barrier: Path, key: bytes) -> None:
    """Until it is ended."""
    osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
    wire = _Wire(line)
    board = os.open(barrier, os.O_RDWR | os.O_NOCTTY)
    body = struct.pack(">BBHH", 1, 5, FLASH_ON + Coil.OPEN, 10)
    frame = body + crc16(body)
    panel: Any = osdp_sys.ControlPanel(
        [
            {
                "name": "reader",
                "address": 0,
                "flags": LibFlag.EnforceSecure,
                "scbk": key,
                "channel": wire,
                **dict.fromkeys(("version", "model", "vendor_code", "serial_number", "firmware_version"), 0),
            }
        ]
    )

    def event(_reader: int, what: dict[str, Any]) -> int:
        if what["event"] == Event.CardRead:
            os.write(board, frame)
        return 0

    panel.set_event_callback(event)
    while True:
        wait = wire.polled + _POLL_S - time.monotonic()
        select.select([wire.fd], [], [], wait if wait > 0 else _BUSY_S)
        panel.refresh()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), bytes.fromhex(sys.argv[3]))
