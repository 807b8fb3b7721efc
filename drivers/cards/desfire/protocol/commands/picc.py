"""Commands about the whole card."""

from dataclasses import dataclass
from typing import Final, Self

from drivers.cards.desfire.protocol.commands.call import call, expect, tell
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure

GET_VERSION: Final = 0x60
FREE_MEMORY: Final = 0x6E
FORMAT_PICC: Final = 0xFC
GET_CARD_UID: Final = 0x51
SET_CONFIGURATION: Final = 0x5C

_UID_SIZE: Final = 7
_PICC_OPTIONS: Final = b"\x00"
_FORBID_FORMAT: Final = 0x01
_RANDOM_UID: Final = 0x02


@dataclass(frozen=True, slots=True)
class Version:
    """What the card says of itself. ``uid`` is all zeros when the card draws a random UID at each tap."""

    vendor: int
    card_type: int
    hardware_major: int
    hardware_minor: int
    storage: int
    software_major: int
    software_minor: int
    uid: bytes

    @classmethod
    def parse(cls, answer: bytes) -> Self:
        """28 bytes: 7 on the hardware, 7 on the software, UID (7), batch (5), week and year of production.

        EV3 may add one byte of fabrication. Raises CardGarbledError.
        """
        a = expect(GET_VERSION, answer, 28, 29)
        return cls(a[0], a[1], a[3], a[4], a[5], a[10], a[11], a[14:21])


def get_version(session: Session | None = None) -> Procedure[Version]:
    """Who made the card, which generation it is, and its UID."""
    return Version.parse((yield from call(session, GET_VERSION)))


def free_memory(session: Session | None = None) -> Procedure[int]:
    """Bytes left for applications and files."""
    return int.from_bytes(expect(FREE_MEMORY, (yield from call(session, FREE_MEMORY)), 3), "little")


def format_picc(session: Session) -> Procedure[None]:
    """Deletes every application and frees its memory. The PICC master key and its settings stay; the session too."""
    yield from tell(session, FORMAT_PICC)


def get_card_uid(session: Session) -> Procedure[bytes]:
    """The real UID, also of a card that draws a random one."""
    return expect(
        GET_CARD_UID,
        (yield from call(session, GET_CARD_UID, mode=Mode.ENCIPHERED, length=_UID_SIZE)),
        _UID_SIZE,
    )


def set_configuration(session: Session, *, random_uid: bool, forbid_format: bool) -> Procedure[None]:
    """Option 00. What was once set cannot be taken back: a bit that is not set here changes nothing."""
    options = _FORBID_FORMAT * forbid_format | _RANDOM_UID * random_uid
    yield from tell(session, SET_CONFIGURATION, _PICC_OPTIONS, bytes([options]), Mode.ENCIPHERED)
