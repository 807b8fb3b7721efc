"""A serial cable made of a pty, with a stable name, that can be pulled out and put back."""

import os
import pty
import tty
from contextlib import suppress
from pathlib import Path


class PtyCable:
    """``path`` is what a driver opens; the simulated device reads and writes the other end.

    ``unplug`` closes the far side, as pulling a USB adapter does; ``plug`` makes a new pty behind the same name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master: int | None = None
        self.plug()

    @property
    def master(self) -> int | None:
        """The device's end, or None while unplugged."""
        return self._master

    def plug(self) -> None:
        """Makes the name lead to a live port."""
        if self._master is not None:
            return
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)
        port = os.ttyname(slave)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(port)
        fresh.rename(self.path)
        self._slave = slave  # held open, or the device's end reads EIO until a driver opens it
        self._master = master

    def unplug(self) -> None:
        """The adapter is gone: the port at the name fails, and the name leads nowhere."""
        master, self._master = self._master, None
        if master is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._slave)
            os.close(master)

    def read(self) -> bytes:
        """What the gateway sent; empty when it sent nothing."""
        with suppress(BlockingIOError, OSError):
            if self._master is not None:
                return os.read(self._master, 4096)
        return b""

    def write(self, data: bytes) -> None:
        """What the device sends; lost while unplugged, or when the gateway does not read."""
        with suppress(BlockingIOError, OSError):
            if self._master is not None:
                os.write(self._master, data)

    close = unplug
