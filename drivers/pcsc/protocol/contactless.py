"""Reading the UID of a contactless card through its reader.

PC/SC Part 3 rev. 2.01.09, 3.2.2.1.3: Get Data ``FF CA 00 00 00``; the UID and 9000 come back, 6A81 when
the card has none to tell.
"""

from typing import Final

from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity, IdentityKind, is_random_uid
from gateway.ports import CardOnEncoder

GET_UID: Final = bytes.fromhex("FFCA000000")
_OK = b"\x90\x00"


def card_of_reply(reply: bytes) -> CardOnEncoder:
    """Raises MalformedError when the reply holds no UID of 4, 7 or 10 bytes."""
    if reply[-2:] != _OK:
        raise MalformedError("The card does not tell its UID (status %(status)s).", status=reply[-2:].hex().upper())
    uid = Identity(IdentityKind.UID, reply[:-2]).value
    return CardOnEncoder(uid, random_uid=is_random_uid(uid))
