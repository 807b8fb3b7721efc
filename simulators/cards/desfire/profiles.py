"""What tells one generation of cards from the next."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """``hardware`` and ``software`` are the first two frames of GetVersion."""

    name: str
    hardware: bytes
    software: bytes
    memory: int
    has_ev2_messaging: bool
    most_applications: int


EV1: Final = Profile("desfire-ev1", bytes.fromhex("04010101001805"), bytes.fromhex("04010101041805"), 4864, False, 28)
EV2: Final = Profile("desfire-ev2", bytes.fromhex("04010112001805"), bytes.fromhex("04010102011805"), 5120, True, 255)
EV3: Final = Profile("desfire-ev3", bytes.fromhex("04010133001805"), bytes.fromhex("04010103001805"), 5120, True, 255)
