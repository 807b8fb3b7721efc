"""Settings of desk encoders."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PcscEncoderSettings:
    """``reader``: a part of the PC/SC reader's name; empty takes the first one."""

    name: str
    reader: str = ""


@dataclass(frozen=True, slots=True)
class VpcdEncoderSettings:
    """Where virtual cards connect to, on loopback only. Port 0 takes any free one."""

    name: str
    port: int
    host: str = "127.0.0.1"
