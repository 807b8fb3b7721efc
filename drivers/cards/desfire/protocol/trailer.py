"""The end of enciphered answers of DESFire up to EV1: data, checksum, padding."""

from collections.abc import Callable
from hmac import compare_digest

from gateway.ports.cards import CardGarbledError


def without_trailer(plain: bytes, length: int | None, crc: Callable[[bytes], bytes]) -> bytes:
    """The data. ``crc`` gives the checksum that belongs to them.

    The card pads with 00 when it was told how much to send, and else with 80 00 …, which tells the end. Raises
    CardGarbledError.
    """
    size = len(crc(b""))
    checked = without_mark(plain) if length is None else plain[: length + size]
    padding = b"" if length is None else plain[length + size :]
    data, check = checked[:-size], checked[-size:]
    if any(padding) or not compare_digest(check, crc(data)):
        raise CardGarbledError("The card's answer has a wrong checksum: lay the card down again.")
    return data


def without_mark(plain: bytes) -> bytes:
    """What stands before the padding 80 00 …. Raises CardGarbledError."""
    marked = plain.rstrip(b"\x00")
    if not marked.endswith(b"\x80"):
        raise CardGarbledError("The card's answer has wrong padding: lay the card down again.")
    return marked[:-1]


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
