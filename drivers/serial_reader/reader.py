"""Scanners and card readers that speak by themselves, as devices of the gateway."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from drivers.link.serial import SerialLink
from drivers.link.stream import chunks
from drivers.redial import keep_dialling
from drivers.repeats import Repeats
from drivers.serial_reader.protocol.codec import Codec
from drivers.serial_reader.protocol.framed55aa import Framed55AA
from drivers.serial_reader.protocol.labelled import Labelled
from drivers.serial_reader.protocol.lines import Lines
from drivers.serial_reader.protocol.number import NumberForm, identity_of_number
from drivers.serial_reader.protocol.rdm6300 import Rdm6300
from drivers.serial_reader.settings import Frame, LineScannerSettings, SerialReaderSettings
from drivers.status import StatusReporter
from gateway.domain.errors import MalformedError
from gateway.ports import ReaderSink, Signal

_CODECS: dict[Frame, Callable[[], Codec]] = {
    Frame.LINES: Lines,
    Frame.LABELLED: Labelled,
    Frame.RDM6300: Rdm6300,
    Frame.FRAMED_55AA: Framed55AA,
}
_ALARM_EVERY_S = 60.0


class _SerialDevice(ABC):
    """The common part: a link, a codec, and what becomes of a message."""

    def __init__(self, settings: LineScannerSettings | SerialReaderSettings, codec: Codec, sink: ReaderSink) -> None:
        self._settings = settings
        self._codec = codec
        self._sink = sink
        self._status = StatusReporter(settings.name, sink)
        self._told_refused = 0
        self._told_at = float("-inf")

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._settings.name

    @property
    def refused_bytes(self) -> int:
        """How many bytes belonged to no sound frame since the start."""
        return self._codec.refused

    async def run(self) -> None:
        """Reads for ever; a lost link is opened again every second, here and not by the supervisor."""
        await keep_dialling(self._session, self._status)

    async def show(self, reader: str, signal: Signal) -> None:  # noqa: B027 - there is nothing to light
        """These devices have no lamp we could light."""

    async def _session(self) -> None:
        link = SerialLink(self._settings.link, self._settings.baud)
        try:
            self._status.online()
            async for data in chunks(link, self._settings.idle_ms / 1000):
                arrived = time.monotonic()
                for message in self._codec.feed(data) if data else self._codec.idle():
                    self._message(message, arrived)
                self._tell_refused(arrived)
        finally:
            self._codec.idle()
            link.close()

    @abstractmethod
    def _message(self, message: bytes, arrived: float) -> None:
        """What becomes of one message (``arrived``: monotonic seconds)."""

    def _tell_refused(self, now: float) -> None:
        """An alarm when garbage came, at most one a minute."""
        if self._codec.refused > self._told_refused and now - self._told_at >= _ALARM_EVERY_S:
            self._told_refused, self._told_at = self._codec.refused, now
            self._sink.device_alarm(self.name, "garbage", {"bytes": self._codec.refused})


class LineScanner(_SerialDevice):
    """A scanner: each line of text goes to ``scanned``."""

    def __init__(self, settings: LineScannerSettings, sink: ReaderSink) -> None:
        super().__init__(settings, Lines(), sink)

    def _message(self, message: bytes, arrived: float) -> None:
        text = message.decode("utf-8", "replace").strip()
        if text:
            self._sink.scanned(self.name, text, arrived)


class SerialReader(_SerialDevice):
    """A card reader: each number becomes an identity."""

    def __init__(self, settings: SerialReaderSettings, sink: ReaderSink) -> None:
        super().__init__(settings, _CODECS[settings.frame](), sink)
        self._presents = settings.presents
        self._number = _NUMBERS.get(settings.frame, settings.number)
        self._repeats = Repeats()

    def _message(self, message: bytes, arrived: float) -> None:
        try:
            identity = identity_of_number(self._number, self._presents, message)
        except MalformedError:
            self._codec.refused += len(message)
            return
        if self._repeats.is_new(self.name, identity, arrived):
            self._sink.presented(self.name, identity, arrived)


# Frames whose number has one spelling only.
_NUMBERS = {
    Frame.LABELLED: NumberForm.DECIMAL,
    Frame.RDM6300: NumberForm.BINARY,
    Frame.FRAMED_55AA: NumberForm.BINARY,
}
