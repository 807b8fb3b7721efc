"""Commands about the keys of what is selected: an application, or the card."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from drivers.cards.desfire.protocol import channel
from drivers.cards.desfire.protocol.commands.call import call, expect, tell
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure

GET_KEY_SETTINGS: Final = 0x45
CHANGE_KEY_SETTINGS: Final = 0x54
GET_KEY_VERSION: Final = 0x64

_KEY_COUNT: Final = 0x0F


class Allowed(IntFlag):
    """The lower bits of key settings; the upper four name the key that changes keys, 0 for the master key."""

    MASTER_KEY_CHANGES = 0x01
    FREE_LISTING = 0x02
    FREE_CREATION = 0x04
    SETTINGS_CHANGE = 0x08


@dataclass(frozen=True, slots=True)
class KeySettings:
    """``settings``: see Allowed; ``keys``: how many; ``key_type``: the upper bits of KeyType."""

    settings: int
    keys: int
    key_type: int


def key_settings(session: Session | None = None) -> Procedure[KeySettings]:
    """Of what is selected."""
    settings, keys = expect(GET_KEY_SETTINGS, (yield from call(session, GET_KEY_SETTINGS)), 2)
    return KeySettings(settings, keys & _KEY_COUNT, keys & ~_KEY_COUNT)


def change_key_settings(session: Session, settings: int) -> Procedure[None]:
    """Needs a session with the master key of what is selected."""
    yield from tell(session, CHANGE_KEY_SETTINGS, data=bytes([settings]), mode=Mode.ENCIPHERED)


def key_version(session: Session | None, key_no: int) -> Procedure[int]:
    """0 to 255. Answered outside a session too."""
    return expect(GET_KEY_VERSION, (yield from call(session, GET_KEY_VERSION, bytes([key_no]))), 1)[0]


def change_key(
    session: Session,
    key_no_byte: int,
    new_key: bytes,
    new_version: int,
    *,
    old_key: bytes | None = None,
    kind: KeyKind = KeyKind.AES,
) -> Procedure[None]:
    """See Session.change_key: ``old_key`` only for another key than the one of the session."""
    yield from channel.change_key(session, key_no_byte, new_key, new_version, old_key=old_key, kind=kind)
