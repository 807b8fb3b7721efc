"""Lamp and buzzer commands for a signal.

osdp_LED and osdp_BUZ, SIA OSDP 2.2, 6.10 and 6.11; all times in units of 100 ms.
"""

from typing import Final

from osdp import Command, CommandLEDColor

from gateway.ports import Signal

OsdpCommand = dict[str, int | bool]

_TEMPORARY: Final = 2
_PERMANENT: Final = 1
_TONE: Final = 2


def _lamp(colour: int, *, tenths: int) -> OsdpCommand:
    """Lit for so many tenths of a second; for good when 0."""
    return {
        "command": Command.LED,
        "reader": 0,
        "led_number": 0,
        "control_code": _TEMPORARY if tenths else _PERMANENT,
        "on_count": max(tenths, 1),
        "off_count": 0,
        "on_color": colour,
        "off_color": CommandLEDColor.Black,
        "timer_count": tenths,
        "temporary": bool(tenths),
    }


def _beeps(count: int) -> OsdpCommand:
    return {
        "command": Command.Buzzer,
        "reader": 0,
        "control_code": _TONE,
        "on_count": 1,
        "off_count": 1,
        "rep_count": count,
    }


COMMANDS: Final[dict[Signal, tuple[OsdpCommand, ...]]] = {
    Signal.GRANTED: (_lamp(CommandLEDColor.Green, tenths=10), _beeps(1)),
    Signal.DENIED: (_lamp(CommandLEDColor.Red, tenths=10), _beeps(2)),
    Signal.OFFLINE: (_lamp(CommandLEDColor.Amber, tenths=0),),
    Signal.IDLE: (_lamp(CommandLEDColor.Black, tenths=0),),
}
