"""How our data lies on each kind of card: settings of the site."""

from dataclasses import dataclass, field
from typing import Final

from gateway.domain.errors import MalformedError

_CHALLENGES: Final = frozenset({4, 8})
_LAST_SMALL_SECTOR: Final = 15


@dataclass(frozen=True, slots=True)
class DesfireTemplate:
    """One application with five AES keys and one backup file.

    ``aid``: 3 bytes as printed, most significant first. ``forbid_format`` cannot be undone on the card, so it is off
    until a site asks for it. There is no option for a random UID: our keys are made of the UID, so such a card could
    not be known again without trying every card's.
    """

    aid: bytes = bytes.fromhex("F54748")
    forbid_format: bool = False

    def __post_init__(self) -> None:
        if len(self.aid) != 3 or not any(self.aid):
            raise MalformedError("An application id has 3 bytes, not all of them zero.", fields={"aid": "3 bytes"})


@dataclass(frozen=True, slots=True)
class ClassicTemplate:
    """One data sector of a MIFARE Classic card, 1 to 15 (sector 0 belongs to the manufacturer and the directory)."""

    sector: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.sector <= _LAST_SMALL_SECTOR:
            raise MalformedError("The sector is one of 1 to 15.", fields={"sector": "1 to 15"})


@dataclass(frozen=True, slots=True)
class FmcosTemplate:
    """One DF with a key file and one binary EF. ``challenge_size``: 4 or 8 bytes; batches of cards differ."""

    df: int = 0xDF47
    name: bytes = b"GATEHOUSE"
    challenge_size: int = 4

    def __post_init__(self) -> None:
        if self.challenge_size not in _CHALLENGES:
            raise MalformedError("A challenge has 4 or 8 bytes.", fields={"challenge_size": "4 or 8"})
        if not 5 <= len(self.name) <= 16:
            raise MalformedError("The name of a DF has 5 to 16 bytes.", fields={"name": "5 to 16 bytes"})


@dataclass(frozen=True, slots=True)
class CardTemplates:
    """One template for each kind that can be written."""

    desfire: DesfireTemplate = field(default_factory=DesfireTemplate)
    classic: ClassicTemplate = field(default_factory=ClassicTemplate)
    fmcos: FmcosTemplate = field(default_factory=FmcosTemplate)
