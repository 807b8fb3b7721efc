"""What every frame codec of a serial line offers."""

from typing import Protocol

MOST_WAITING = 512


class Codec(Protocol):
    """Bytes in, messages out. Keeps at most 512 bytes; ``refused`` counts bytes that belonged to no sound frame."""

    refused: int

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete: a card's number as bytes, or a scanner's text."""

    def idle(self) -> list[bytes]:
        """The line fell quiet: what is left of a frame is a message, or is refused."""
