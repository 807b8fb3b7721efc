"""What the bits of an OSDP card reply mean.

osdp_RAW, SIA OSDP 2.2, 7.13: reader, format, bit count (little endian), then the bits, first one leftmost;
bits after the count are undefined and ignored.
"""

from enum import StrEnum

from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity, IdentityKind
from gateway.domain.wiegand import identity_of_frame

_LONGEST = 128


class Presents(StrEnum):
    """What a reader was set to send: learnt by holding a known card to it."""

    UID = "uid"
    UID_REVERSED = "uid-reversed"
    WIEGAND = "wiegand"
    SECURE = "secure"


_SECURE_BITS = 64
"""A reader that holds the read key sends the 8 bytes in our application; of any other card it sends the UID."""


def identity_of_bits(presents: Presents, bits: int, data: bytes) -> Identity:
    """The identity in the first ``bits`` of ``data``. Raises MalformedError when they cannot be one."""
    if not 1 <= bits <= min(_LONGEST, len(data) * 8):
        raise MalformedError("A card of %(bits)s bits in %(bytes)s bytes cannot be.", bits=bits, bytes=len(data))
    if presents is Presents.WIEGAND:
        return identity_of_frame(bits, int.from_bytes(data) >> (len(data) * 8 - bits))
    if presents is Presents.SECURE and bits == _SECURE_BITS:
        return Identity(IdentityKind.SECURE, data[:8])
    if bits % 8:
        raise MalformedError("A card UID has whole bytes; the reader sent %(bits)s bits.", bits=bits)
    uid = data[: bits // 8]
    return Identity(IdentityKind.UID, uid[::-1] if presents is Presents.UID_REVERSED else uid)
