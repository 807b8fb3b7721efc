"""A barrier on a Modbus RTU board on a pty: the same wire as the hardware.

RTU frame: unit, function, data, CRC-16 low byte first (Modbus over Serial Line V1.02, 2.5.1).
"""

import select
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from simulators.devices.arm import BarrierPhysics
from simulators.devices.outputs import Recorder
from simulators.devices.pty import PtyCable

_REQUEST_BYTES = 8
_TICK_S = 0.02
_READ_COILS = 1
_READ_INPUTS = 2
_WRITE_COIL = 5
_ILLEGAL_FUNCTION = 1
_ILLEGAL_ADDRESS = 2


def crc16(data: bytes) -> bytes:
    """CRC-16/MODBUS, as it lies on the wire."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


class ModbusBarrierBoard:
    """``cable`` can be unplugged; ``mutate`` changes or swallows (b"") a reply before it leaves."""

    def __init__(
        self,
        path: Path,
        recorder: Recorder,
        *,
        physics: BarrierPhysics | None = None,
        unit: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cable = PtyCable(path)
        self.physics = physics or BarrierPhysics()
        self.recorder = recorder
        self.mutate: Callable[[bytes], bytes] = bytes
        self.lock = threading.Lock()
        self._unit = unit
        self._clock = clock
        self._waiting = bytearray()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="simulated-barrier", daemon=True)

    def start(self) -> None:
        """Powers the board."""
        self._thread.start()

    def stop(self) -> None:
        """Takes the board away."""
        self._stop.set()
        self._thread.join(timeout=5)
        self.cable.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            master = self.cable.master
            if master is None:
                self._waiting.clear()
                self._stop.wait(_TICK_S)
                continue
            try:
                select.select([master], [], [], _TICK_S)
            except (OSError, ValueError):  # unplugged under our hands
                continue
            self._waiting += self.cable.read()
            for reply in self._answer():
                self.cable.write(reply)

    def _answer(self) -> list[bytes]:
        replies = []
        while len(self._waiting) >= _REQUEST_BYTES:
            frame = bytes(self._waiting[:_REQUEST_BYTES])
            if crc16(frame[:-2]) != frame[-2:]:
                del self._waiting[0]
                continue
            del self._waiting[:_REQUEST_BYTES]
            if frame[0] == self._unit:
                body = bytes((self._unit,)) + self._execute(frame[1], *struct.unpack(">HH", frame[2:6]))
                replies.append(self.mutate(body + crc16(body)))
        return replies

    def _execute(self, function: int, address: int, value: int) -> bytes:
        now = self._clock()
        with self.lock:
            if function == _READ_INPUTS:
                return _packed(function, self.physics.bits(now)[address : address + value])
            if function == _READ_COILS:
                self.physics.step(now)
                return _packed(function, [self.physics.relays.get(c, False) for c in range(address, address + value)])
            if function != _WRITE_COIL:
                return bytes((function | 0x80, _ILLEGAL_FUNCTION))
            self.recorder.wrote(address, value)
            try:
                self.physics.write(address, value, now)
            except ValueError:
                return bytes((function | 0x80, _ILLEGAL_ADDRESS))
            return struct.pack(">BHH", function, address, value)


def _packed(function: int, bits: list[bool]) -> bytes:
    """At most eight bits, the first one lowest: Modbus Application Protocol V1.1b3, 6.1 and 6.2."""
    return bytes((function, 1, sum(bit << i for i, bit in enumerate(bits))))
