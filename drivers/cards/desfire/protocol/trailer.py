"""The end of enciphered answers of DESFire up to EV1: data, checksum, padding."""

from collections.abc import Callable
from hmac import compare_digest

from gateway.ports.cards import CardGarbledError


def without_trailer(plain: bytes, length: int | None, block_size: int, crc: Callable[[bytes], bytes]) -> bytes:
    """The data. ``crc`` gives the checksum that belongs to them.

    The card pads with 00 when it was told how much to send, else with 80 00 …; where it was not told, the end is where
    the checksum fits. Raises CardGarbledError.
    """
    size = len(crc(b""))
    latest = len(plain) - size
    ends = range(max(0, latest - block_size), latest + 1)
    for end in ends if length is None else {length} & set(ends):
        check, padding = plain[end : end + size], plain[end + size :]
        if compare_digest(check, crc(plain[:end])) and padding[:1] in b"\x00\x80" and not any(padding[1:]):
            return plain[:end]
    raise CardGarbledError("The card's answer has a wrong checksum: lay the card down again.")


def check_blocks(payload: bytes, block_size: int) -> None:
    """Raises CardGarbledError for what cannot be deciphered."""
    if not payload or len(payload) % block_size:
        raise CardGarbledError("The card's answer has a wrong length: lay the card down again.")


def split_mac(payload: bytes, size: int) -> tuple[bytes, bytes]:
    """Data and MAC. Raises CardGarbledError when there is none."""
    if len(payload) < size:
        raise CardGarbledError("The card's answer has no MAC: lay the card down again.")
    return payload[:-size], payload[-size:]


def check_mac(expected: bytes, received: bytes) -> None:
    """Raises CardGarbledError; takes as long for any wrong MAC."""
    if not compare_digest(expected, received):
        raise CardGarbledError("The card's answer has a wrong MAC: lay the card down again.")
