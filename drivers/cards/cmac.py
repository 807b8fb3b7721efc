"""CMAC (NIST SP 800-38B, RFC 4493), with the initial vector that DESFire EV1 carries from command to command."""

from typing import Final

from drivers.cards.ciphers import BlockCipher, marked_padded, xor

_CARRY: Final = {8: 0x1B, 16: 0x87}


def subkeys(cipher: BlockCipher) -> tuple[bytes, bytes]:
    """K1 for messages of whole blocks, K2 for messages that are padded."""
    first = _doubled(cipher.encrypt(bytes(cipher.block_size)))
    return first, _doubled(first)


def cmac(cipher: BlockCipher, message: bytes, iv: bytes | None = None) -> bytes:
    """One whole block; cut it as the protocol wants."""
    return padded_cmac(cipher, message, cipher.block_size, iv)


def padded_cmac(cipher: BlockCipher, message: bytes, size: int, iv: bytes | None = None) -> bytes:
    """As :func:`cmac`, but the message is padded until its length is a multiple of ``size`` (whole blocks)."""
    whole, padded = subkeys(cipher)
    is_whole = bool(message) and len(message) % size == 0
    data = message if is_whole else marked_padded(message, size)
    block = cipher.block_size
    last = xor(data[-block:], whole if is_whole else padded)
    return cipher.encrypt(data[:-block] + last, iv)[-block:]


def odd_bytes(mac: bytes) -> bytes:
    """The bytes at index 1, 3, 5 …: how DESFire EV2 and NTAG 424 cut a MAC of 16 bytes to 8."""
    return mac[1::2]


def _doubled(block: bytes) -> bytes:
    bits = 8 * len(block)
    value = int.from_bytes(block) << 1
    if value >> bits:
        value ^= (1 << bits) | _CARRY[len(block)]
    return value.to_bytes(len(block))
