"""One line as its thread sees it: libosdp's control panel, the link below it and how each reader fares."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import osdp_sys
from osdp import Event, LibFlag, StatusReportType

from drivers.link.serial import SerialLink
from drivers.osdp.channel import Channel
from drivers.osdp.health import Health, Verdict
from drivers.osdp.settings import OsdpLineSettings
from drivers.osdp.signals import OsdpCommand
from gateway.ports import DeviceOfflineError

_POLL_S = 0.0505  # libosdp polls each reader every 50 ms; asked a hair earlier it would wait for the next call
_BUSY_S = 0.005
_REOPEN_S = 0.5
_COMMAND_GAP_S = 0.06  # a command every 40 ms or less starves the polls: no card comes through
_MOST_COMMANDS = 32


class Listener(Protocol):
    """Hears the panel, on the event loop. Readers go by their index in the settings."""

    def card(self, reader: int, bits: int, data: bytes, at_monotonic: float) -> None:
        """Raw card bits."""

    def keys(self, reader: int, keys: bytes, at_monotonic: float) -> None:
        """Keys typed."""

    def local_status(self, reader: int, *, tamper: bool, power: bool) -> None:
        """Whether the case is open, whether power fails."""

    def verdict(self, reader: int, verdict: Verdict, serial: int | None) -> None:
        """A reader came or went; its serial number when it came."""

    def link(self, error: DeviceOfflineError | None) -> None:
        """The line was lost, or is open."""


class Panel:
    """Lives in the bus thread. ``post`` hands a call over to the event loop."""

    def __init__(self, settings: OsdpLineSettings, listener: Listener, post: Callable[..., object]) -> None:
        self._settings = settings
        self._listener = listener
        self._post = post
        self._channel = Channel()
        self._health = Health([r.address for r in settings.readers])
        self._commands: deque[tuple[int, OsdpCommand]] = deque()
        self._next_command = 0.0
        self._next_open = 0.0
        self._arrived = 0.0
        self._due = 0.0
        self._knocked: set[int] = set()
        self._opened_before = False
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self._osdp: Any = osdp_sys.ControlPanel([self._reader_info(i) for i in range(len(settings.readers))])
        self._osdp.set_event_callback(self._event)

    def _reader_info(self, index: int) -> dict[str, object]:
        reader = self._settings.readers[index]
        return {
            "name": reader.name,
            "address": reader.address,
            # Without this flag libosdp falls back to the public default key, and then to clear text.
            "flags": LibFlag.EnforceSecure,
            "scbk": reader.key,
            "channel": self._channel,
            **dict.fromkeys(("version", "model", "vendor_code", "serial_number", "firmware_version"), 0),
        }

    def fileno(self) -> int | None:
        """What the thread may wait on."""
        link = self._channel.link
        return None if link is None else link.fileno()

    @property
    def due(self) -> float:
        """When ``step`` must be called at the latest, though nothing arrives: monotonic seconds."""
        return self._due

    def submit(self, reader: int, commands: tuple[OsdpCommand, ...]) -> None:
        """Queues lamp and buzzer commands; newer ones for the same reader replace those still waiting."""
        self._commands = deque(c for c in self._commands if c[0] != reader)
        self._commands.extend((reader, command) for command in commands)
        while len(self._commands) > _MOST_COMMANDS:
            self._commands.popleft()

    def step(self, now: float) -> None:
        """Reads, lets libosdp think, writes, judges the readers, and says when it is due again."""
        if self._channel.link is not None or self._open(now):
            self._serve(now)
        self._due = self._next_open if self._channel.link is None else self._next_poll(now)

    def _serve(self, now: float) -> None:
        self._channel.fetch(now)
        self._arrived = now
        self._osdp.refresh()
        if self._channel.lost is not None:
            self._lose(self._channel.lost, now)
            return
        self._enable_knocked()
        self._judge(now)
        self._send_one(now)

    def _next_poll(self, now: float) -> float:
        polls = [at + _POLL_S for at in self._channel.polled.values()]
        if self._commands or self._knocked or any(at <= now for at in polls):
            return now + _BUSY_S
        return min([now + _POLL_S, *polls])

    def close(self) -> None:
        """Lets go of the port. Nothing is written: a reader falls back to its own idle lamp."""
        self._channel.drop()

    def _open(self, now: float) -> bool:
        if now < self._next_open:
            return False
        try:
            self._channel.link = SerialLink(self._settings.link, self._settings.baud)
        except DeviceOfflineError as error:
            self._lose(error, now)
            return False
        self._post(self._listener.link, None)
        self._health.restart(now)
        if self._opened_before:
            for index in range(len(self._settings.readers)):
                self._knock(index)
        self._opened_before = True
        return True

    def _lose(self, error: DeviceOfflineError, now: float) -> None:
        self._channel.drop()
        self._commands.clear()
        self._next_open = now + _REOPEN_S
        self._post(self._listener.link, error)

    def _knock(self, index: int) -> None:
        """Starts a reader's session anew: left alone, libosdp waits up to 300 s before it tries again.

        It disables a reader only once the command under way has ended; ``_enable_knocked`` does the rest.
        """
        if index not in self._knocked:
            self._osdp.disable_pd(index)
            self._knocked.add(index)

    def _enable_knocked(self) -> None:
        for index in [i for i in self._knocked if not self._osdp.is_pd_enabled(i)]:
            self._osdp.enable_pd(index)
            self._knocked.discard(index)

    def _judge(self, now: float) -> None:
        secure = self._osdp.status() & self._osdp.sc_status()
        for index, verdict in self._health.judge(secure, self._channel.heard, now):
            serial = self._osdp.get_pd_id(index)["serial_number"] if verdict is Verdict.ONLINE else None
            self._post(self._listener.verdict, index, verdict, serial)
        for index in self._health.to_knock(now):
            self._knock(index)

    def _send_one(self, now: float) -> None:
        if self._commands and now >= self._next_command:
            reader, command = self._commands.popleft()
            if self._health.is_online(reader):
                self._osdp.submit_command(reader, command)
            self._next_command = now + _COMMAND_GAP_S

    def _event(self, reader: int, event: Mapping[str, Any]) -> int:
        """Called by libosdp inside ``refresh``: submitting a command from here would deadlock."""
        if event["event"] == Event.CardRead:
            self._post(self._listener.card, reader, event["length"], bytes(event["data"]), self._arrived)
        elif event["event"] == Event.KeyPress:
            self._post(self._listener.keys, reader, bytes(event["data"]), self._arrived)
        elif event["event"] == Event.Status and event["type"] == StatusReportType.Local:
            tamper, power = (bool(flag) for flag in bytes(event["report"])[:2])
            self._post(lambda: self._listener.local_status(reader, tamper=tamper, power=power))
        return 0
