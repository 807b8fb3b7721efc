"""The messages between a virtual card and its reader.

vsmartcard, virtualsmartcard/src/vpcd: each message has its length in front, two bytes, big endian. A
message of one byte from the reader is a control; only "answer to reset" has a reply.
"""

import struct
from enum import IntEnum


class Control(IntEnum):
    """What the reader does to the card."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    ATR = 4


LENGTH_BYTES = 2
LONGEST = 0xFFFF


def pack(message: bytes) -> bytes:
    """A message of at most LONGEST bytes as it goes over the wire, in one piece."""
    return struct.pack(">H", len(message)) + message


def length_of(head: bytes) -> int:
    """How many bytes follow the two of the length."""
    (length,) = struct.unpack(">H", head)
    return int(length)
