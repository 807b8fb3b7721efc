"""A line scanner, or any reader that speaks by itself, on a pty."""

from pathlib import Path

from simulators.devices.pty import PtyCable


class LineScanner:
    """``cable`` can be unplugged; ``scan`` prints a line as a hand scanner does."""

    def __init__(self, path: Path) -> None:
        self.cable = PtyCable(path)

    def scan(self, text: str, *, end: str = "\r\n") -> None:
        """A code is held before the scanner."""
        self.send((text + end).encode())

    def send(self, data: bytes) -> None:
        """Raw bytes, for readers with frames of their own and for garbage."""
        self.cable.write(data)

    def stop(self) -> None:
        """Takes the scanner away."""
        self.cable.close()
