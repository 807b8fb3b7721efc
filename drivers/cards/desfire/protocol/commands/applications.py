"""Commands about applications. An application id is 3 bytes as printed, most significant first; 000000 is the card."""

from enum import IntFlag
from typing import Final

from drivers.cards.desfire.protocol.commands.call import call, tell
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardGarbledError

CREATE_APPLICATION: Final = 0xCA
DELETE_APPLICATION: Final = 0xDA
GET_APPLICATION_IDS: Final = 0x6A
SELECT_APPLICATION: Final = 0x5A

PICC: Final = bytes(3)
_AID_SIZE: Final = 3


class KeyType(IntFlag):
    """The kind of all keys of an application, in the upper bits beside their number."""

    DES = 0x00
    TDES3 = 0x40
    AES = 0x80


def select_application(aid: bytes) -> Procedure[None]:
    """Ends any session. Raises CardRefusedError with APPLICATION_NOT_FOUND."""
    yield from tell(None, SELECT_APPLICATION, aid[::-1])


def application_ids(session: Session | None = None) -> Procedure[list[bytes]]:
    """What :func:`select_application` would find."""
    answer = yield from call(session, GET_APPLICATION_IDS)
    if len(answer) % _AID_SIZE:
        raise CardGarbledError("The card's list of applications is cut: lay the card down again.")
    return [answer[start : start + _AID_SIZE][::-1] for start in range(0, len(answer), _AID_SIZE)]


def create_application(
    session: Session | None, aid: bytes, *, key_settings: int, key_type: KeyType, keys: int
) -> Procedure[None]:
    """``keys``: 1 to 14. Raises CardRefusedError with DUPLICATE when it is there."""
    yield from tell(session, CREATE_APPLICATION, aid[::-1] + bytes([key_settings, key_type | keys]))


def delete_application(session: Session, aid: bytes) -> Procedure[None]:
    """EV1 gives its memory back only when the whole card is formatted."""
    yield from tell(session, DELETE_APPLICATION, aid[::-1])
