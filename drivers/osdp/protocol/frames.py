"""Who speaks on an OSDP line, seen without understanding more of a frame.

Packet header, SIA OSDP 2.2, 5.9: 53, address (bit 7 set in replies), length; an optional FF mark byte before it.
"""

from itertools import pairwise

_SOM = 0x53
_REPLY = 0x80
_ADDRESS = 0x7F


def polled_address(command: bytes) -> int | None:
    """The reader a command frame is for; None when this is no command frame."""
    frame = command.lstrip(b"\xff")
    return frame[1] & _ADDRESS if len(frame) > 1 and frame[0] == _SOM else None


def answering_addresses(received: bytes) -> set[int]:
    """The readers whose replies begin in these bytes. A hint for the people who look for a fault, no proof."""
    return {second & _ADDRESS for first, second in pairwise(received) if first == _SOM and second & _REPLY}
