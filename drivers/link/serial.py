"""A byte link over a serial port: ``/dev/serial/by-id/…``, a pty, ``socket://host:port`` or ``rfc2217://host:port``."""

import os
import select
from contextlib import suppress

import serial

from gateway.ports import DeviceOfflineError

_CHUNK = 4096


class SerialLink:
    """Non-blocking bytes in and out. Every way in which a link can vanish becomes DeviceOfflineError.

    An adapter or pty that vanished is *readable and empty* for ever: taken for silence it would make a
    busy loop, so it counts as unplugged.
    """

    def __init__(self, url: str, baud: int) -> None:
        self.url = url
        try:
            self._port = serial.serial_for_url(url, baudrate=baud, timeout=0)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise _unreachable(url, error) from error
        self._fd = self._descriptor()
        self._poll = select.poll()
        if self._fd is not None:
            self._poll.register(self._fd, select.POLLIN)

    def _descriptor(self) -> int | None:
        try:
            return int(self._port.fileno())
        except (AttributeError, OSError):  # rfc2217:// reads in a thread of its own and has none
            return None

    def fileno(self) -> int | None:
        """What a selector may wait on; None for a link that must be asked every few milliseconds."""
        return self._fd

    def read(self) -> bytes:
        """What has arrived, at most 4 KiB; empty when nothing has."""
        try:
            if self._fd is None:
                return bytes(self._port.read(self._port.in_waiting))
            if not self._poll.poll(0):
                return b""
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _unreachable(self.url, error) from error
        if not data:
            raise _unreachable(self.url, None)
        return data

    def write(self, data: bytes) -> int:
        """How many bytes the link took; it never waits, and takes none while the other side does not read."""
        try:
            if self._fd is None:
                return int(self._port.write(data) or 0)
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _unreachable(self.url, error) from error

    def close(self) -> None:
        """Frees the port; a second call does nothing."""
        self._fd = None
        with suppress(OSError):  # an adapter pulled out cannot be closed politely
            self._port.close()


def _unreachable(url: str, error: Exception | None) -> DeviceOfflineError:
    return DeviceOfflineError(
        "%(link)s cannot be reached (%(reason)s): check the cable and the adapter. It is opened again by itself.",
        link=url,
        reason="it vanished" if error is None else _reason(error),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
