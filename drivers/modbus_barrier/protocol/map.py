"""Where a barrier's signals lie on its Modbus board, and the vendor's flash command.

The map is ours; a board is wired to it. Function codes: Modbus Application Protocol V1.1b3, 6.2 and 6.5.
Flash on: Waveshare wiki, "Modbus RTU Relay", development protocol: function 05 written to address
0200h + relay switches the relay on and the board switches it off by itself; the value is the time in
units of 100 ms. A plain write knows FF00h (on) and 0000h (off) only.
"""

from enum import IntEnum
from typing import Final

from gateway.domain.errors import MalformedError

FLASH_ON: Final = 0x0200
TENTH_MS: Final = 100
LONGEST_FLASH: Final = 0x7FFF
ON: Final = 0xFF00
OFF: Final = 0x0000


class Coil(IntEnum):
    """Relays."""

    OPEN = 0
    CLOSE = 1
    STOP = 2
    HOLD = 3


class Input(IntEnum):
    """Discrete inputs."""

    OPEN_LIMIT = 0
    CLOSED_LIMIT = 1
    LOOP_BEFORE = 2
    LOOP_UNDER = 3
    BEAM = 4
    FIRE = 5
    MANUAL = 6
    FAULT = 7


def flash(coil: Coil, pulse_ms: int) -> tuple[int, int]:
    """Address and value of function 05 that make the board pulse a relay for ``pulse_ms``, rounded up to 100 ms."""
    tenths = -(-pulse_ms // TENTH_MS)
    if not 1 <= tenths <= LONGEST_FLASH:
        raise MalformedError("A pulse of %(pulse_ms)s ms cannot be timed by the board.", pulse_ms=pulse_ms)
    return FLASH_ON + coil, tenths
