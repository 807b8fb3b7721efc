"""The 32 bytes in our file: 24 bytes of data, and the issuer's CMAC, which binds them to one card.

AES-CMAC (NIST SP 800-38B) over UID ‖ data under the issuer key of that card, cut to its first 8 bytes.
"""

import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from gateway.domain.card_data import BODY_SIZE, CardData
from gateway.domain.errors import MalformedError
from gateway.ports.cards import CardGarbledError

MAC_SIZE: Final = 8
SIZE: Final = BODY_SIZE + MAC_SIZE


def seal(data: CardData, uid: bytes, issuer_key: bytes) -> bytes:
    """The 32 bytes for the card with this UID. ``issuer_key``: 16 bytes, diversified for the card."""
    body = data.encode()
    return body + _mac(body, uid, issuer_key)


def decode(sealed: bytes) -> CardData:
    """What the data say, before the CMAC is checked: its key version tells which issuer key to check with.

    Raises CardGarbledError.
    """
    if len(sealed) != SIZE:
        raise CardGarbledError("The number on the card has %(length)s bytes instead of 32.", length=len(sealed))
    try:
        return CardData.decode(sealed[:BODY_SIZE])
    except MalformedError as error:
        raise CardGarbledError(
            "The card holds a number in a format that is not known here: take the card in."
        ) from error


def open(sealed: bytes, uid: bytes, issuer_key: bytes) -> CardData:  # noqa: A001 - the opposite of seal
    """Raises CardGarbledError when the issuer's CMAC does not hold for this card."""
    data = decode(sealed)
    if not hmac.compare_digest(sealed[BODY_SIZE:], _mac(sealed[:BODY_SIZE], uid, issuer_key)):
        raise CardGarbledError(
            "The number on the card was not written by this site, or was made for another card: take the card in."
        )
    return data


def _mac(body: bytes, uid: bytes, issuer_key: bytes) -> bytes:
    cmac = CMAC(AES(issuer_key))
    cmac.update(uid + body)
    return cmac.finalize()[:MAC_SIZE]
