"""OSDP readers on one line: libosdp's peripheral device on a pty, as the hardware would stand on RS-485.

One :class:`OsdpReaders` is one line with one or more readers; a thread of its own answers the polls.
"""

import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osdp_sys
from osdp import Capability, CardFormat, Command, CommandLEDColor, Event, LibFlag, StatusReportType

from simulators.devices.pty import PtyCable

_CAPABILITIES = (
    (Capability.ContactStatusMonitoring, 1, 2),
    (Capability.CardDataFormat, 1, 1),
    (Capability.LEDControl, 4, 1),
    (Capability.AudibleControl, 2, 1),
    (Capability.CommunicationSecurity, 1, 1),
    (Capability.Readers, 0, 1),
)
_COLOURS = {getattr(CommandLEDColor, name): name.lower() for name in ("Black", "Red", "Green", "Amber", "Blue")}
_TICK_S = 0.02


@dataclass
class _Bytes:
    """One reader's view of the bus: libosdp takes what is for it and skips the rest."""

    write_to: Callable[[bytes], None]
    id: int = 0
    waiting: bytearray = field(default_factory=bytearray)

    def read(self, most: int) -> bytes:
        data = bytes(self.waiting[:most])
        del self.waiting[:most]
        return data

    def write(self, frame: bytes) -> int:
        self.write_to(frame)
        return len(frame)

    def flush(self) -> None:
        self.waiting.clear()


class OsdpReader:
    """One reader. ``lamps`` and ``beeps`` keep what it was told: (monotonic seconds, colour / count)."""

    def __init__(
        self, address: int, key: bytes, write_to: Callable[[bytes], None], serial: int, *, secure: bool
    ) -> None:
        self.address = address
        self.powered = True
        self.lamps: deque[tuple[float, str]] = deque(maxlen=100)
        self.beeps: deque[tuple[float, int]] = deque(maxlen=100)
        self.changed = threading.Condition()
        self.bytes = _Bytes(write_to)
        self._todo: deque[Mapping[str, object]] = deque()
        self._pd: Any = osdp_sys.PeripheralDevice(
            {
                "name": f"simulated-{address}",
                "address": address,
                "flags": LibFlag.EnforceSecure if secure else 0,
                "scbk": key if secure else None,
                "channel": self.bytes,
                "version": 1,
                "model": 1,
                "vendor_code": 0x00CAFE,
                "serial_number": serial,
                "firmware_version": 1,
            },
            capabilities=[
                {"function_code": code, "compliance_level": level, "num_items": items}
                for code, level, items in _CAPABILITIES
                if secure or code != Capability.CommunicationSecurity
            ],
        )
        self._pd.set_command_callback(self._command)

    @property
    def secure(self) -> bool:
        """Whether the Secure Channel is up."""
        return bool(self._pd.is_sc_active())

    def present(self, data: bytes, bits: int | None = None) -> None:
        """A card is held to the reader: ``bits`` of ``data``, leftmost first; all of them by default."""
        self._todo.append(
            {
                "event": Event.CardRead,
                "reader_no": 0,
                "direction": 0,
                "format": CardFormat.Unspecified,
                "length": len(data) * 8 if bits is None else bits,
                "data": data,
            }
        )

    def type(self, keys: str) -> None:
        """Keys pressed on the key-pad: digits, ``*`` and ``#``."""
        data = keys.replace("*", "\x7f").replace("#", "\r").encode()
        self._todo.append({"event": Event.KeyPress, "reader_no": 0, "length": len(data), "data": data})

    def report(self, *, tamper: bool = False, power: bool = False) -> None:
        """The case was opened or closed, power fails or came back."""
        self._todo.append(
            {
                "event": Event.Status,
                "type": StatusReportType.Local,
                "nr_entries": 2,
                "report": bytes((tamper, power)),
            }
        )

    def serve(self, received: bytes) -> None:
        """One turn of the line's thread."""
        if not self.powered:
            return
        self.bytes.waiting += received
        del self.bytes.waiting[:-4096]
        while self._todo:
            self._pd.submit_event(self._todo.popleft())
        self._pd.refresh()

    def _command(self, command: Mapping[str, Any]) -> tuple[int, None]:
        now = time.monotonic()
        with self.changed:
            if command["command"] == Command.LED:
                self.lamps.append((now, _COLOURS.get(command["on_color"], "other")))
            elif command["command"] == Command.Buzzer:
                self.beeps.append((now, command["rep_count"]))
            self.changed.notify_all()
        return 0, None


class OsdpReaders:
    """A line of readers. ``path`` is what the gateway opens; ``cable`` can be unplugged and plugged."""

    def __init__(self, path: Path, keys: Mapping[int, bytes], *, first_serial: int = 1000, secure: bool = True) -> None:
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.cable = PtyCable(path)
        self.readers = {
            address: OsdpReader(address, key, self.cable.write, first_serial + address, secure=secure)
            for address, key in keys.items()
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="simulated-osdp", daemon=True)

    def start(self) -> None:
        """Powers the readers."""
        self._thread.start()

    def stop(self) -> None:
        """Takes the line away."""
        self._stop.set()
        self._thread.join(timeout=5)
        self.cable.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            master = self.cable.master
            if master is None:
                self._stop.wait(_TICK_S)
                continue
            try:
                select.select([master], [], [], _TICK_S)
            except (OSError, ValueError):  # unplugged under our hands
                continue
            received = self.cable.read()
            for reader in self.readers.values():
                reader.serve(received)
