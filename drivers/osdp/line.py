"""An OSDP line as a device of the gateway: readers by name, credentials out, lamp and buzzer in."""

import asyncio

from drivers.osdp.bus import BusThread
from drivers.osdp.health import Verdict
from drivers.osdp.panel import Panel
from drivers.osdp.protocol.card_bits import identity_of_bits
from drivers.osdp.protocol.keypad import PinPad
from drivers.osdp.settings import OsdpLineSettings
from drivers.osdp.signals import COMMANDS
from drivers.repeats import Repeats
from drivers.status import StatusReporter
from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity
from gateway.ports import DeviceOfflineError, DeviceState, ReaderSink, Signal

_SILENT = "%(reader)s does not answer at address %(address)s: check its power, the pair of wires and the address."
_WRONG_KEY = (
    "%(reader)s answers but opens no Secure Channel with the key we hold: it was exchanged or reset. "
    "Give it its key in install mode."
)
_REPLACED = "%(reader)s is unit %(serial)s, not the one admitted here (%(admitted)s): admit it or put the old one back."


class OsdpLine:
    """Implements gateway.ports.Reader for several readers, and the panel's Listener."""

    def __init__(self, settings: OsdpLineSettings, sink: ReaderSink, bus: BusThread) -> None:
        self._settings = settings
        self._sink = sink
        self._bus = bus
        self._panel: Panel | None = None
        self._index = {reader.name: index for index, reader in enumerate(settings.readers)}
        self._line = StatusReporter(settings.name, sink)
        self._status = [StatusReporter(reader.name, sink) for reader in settings.readers]
        self._pads = [PinPad() for _ in settings.readers]
        self._local = [(False, False) for _ in settings.readers]
        self._repeats = Repeats()

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._settings.name

    async def run(self) -> None:
        """Serves the line; a lost link is opened again every half second, here and not by the supervisor."""
        for status in (self._line, *self._status):
            status.starting()
        panel = Panel(self._settings, self, asyncio.get_running_loop().call_soon_threadsafe)
        done = asyncio.wrap_future(self._bus.attach(panel))
        self._panel = panel
        try:
            await asyncio.shield(done)
        finally:
            self._panel = None
            self._bus.detach(panel)
            await done
        raise DeviceOfflineError("%(device)s: the thread that serves the readers ended.", device=self.name)

    async def show(self, reader: str, signal: Signal) -> None:
        """Queues lamp and buzzer; best effort, and nothing happens for a reader that is offline."""
        panel, index = self._panel, self._index[reader]
        if panel is not None:
            self._bus.call(lambda: panel.submit(index, COMMANDS[signal]))

    # --- Listener: called on the event loop --------------------------------------------------------

    def card(self, reader: int, bits: int, data: bytes, at_monotonic: float) -> None:
        """Raw card bits become a presentation."""
        settings = self._settings.readers[reader]
        try:
            identity = identity_of_bits(settings.presents, bits, data)
        except MalformedError as error:
            self._sink.device_alarm(settings.name, "garbage", {"why": str(error)})
            return
        self._present(reader, identity, at_monotonic)

    def keys(self, reader: int, keys: bytes, at_monotonic: float) -> None:
        """Keys become a PIN."""
        for pin in self._pads[reader].typed(keys, at_monotonic):
            self._present(reader, pin, at_monotonic)

    def _present(self, reader: int, identity: Identity, at_monotonic: float) -> None:
        name = self._settings.readers[reader].name
        if self._status[reader].state is DeviceState.QUARANTINED:
            return
        if self._repeats.is_new(name, identity, at_monotonic):
            self._sink.presented(name, identity, at_monotonic)

    def local_status(self, reader: int, *, tamper: bool, power: bool) -> None:
        """An alarm when the case was opened or power fails; on change only."""
        was_tampered, had_power_fault = self._local[reader]
        self._local[reader] = (tamper, power)
        name = self._settings.readers[reader].name
        if tamper and not was_tampered:
            self._sink.device_alarm(name, "tamper", {})
        if power and not had_power_fault:
            self._sink.device_alarm(name, "power", {})

    def verdict(self, reader: int, verdict: Verdict, serial: int | None) -> None:
        """A reader came or went."""
        settings, status = self._settings.readers[reader], self._status[reader]
        if verdict is Verdict.SILENT:
            status.say(DeviceState.OFFLINE, _SILENT, reader=settings.name, address=settings.address)
        elif verdict is Verdict.WRONG_KEY:
            status.say(DeviceState.OFFLINE, _WRONG_KEY, reader=settings.name)
            self._sink.device_alarm(settings.name, "sc_downgrade", {"address": settings.address})
        elif settings.serial is not None and serial != settings.serial:
            status.say(
                DeviceState.QUARANTINED, _REPLACED, reader=settings.name, serial=serial, admitted=settings.serial
            )
            self._sink.device_alarm(settings.name, "reader_replaced", {"serial": serial})
        else:
            status.online()

    def link(self, error: DeviceOfflineError | None) -> None:
        """The line was lost, with all its readers, or is open again; then each reader reports for itself."""
        if error is None:
            self._line.online()
            return
        self._line.offline(error)
        for status in self._status:
            status.offline(error, because_of=self._settings.name)
