"""One key a card, made of a master key and what is known of the card: AN10922, and the rule of PBOC.

NXP AN10922, Symmetric key diversifications, sections 2.2 to 2.5: each part of the new key is the CMAC, under the
master, of a constant and the diversification input (UID, application id, system identifier), padded to two blocks
however short it is.
"""

from typing import Final

from drivers.cards.ciphers import BlockCipher
from drivers.cards.cmac import padded_cmac

_AES_192_PARTS: Final = (0x11, 0x12)
_AES_256_PARTS: Final = (0x41, 0x42)


def an10922_aes(master: bytes, diversification_input: bytes) -> bytes:
    """A key as long as the master (16, 24 or 32 bytes); the input has 1 to 31 bytes."""
    cipher = BlockCipher.aes(master)
    if len(master) == 16:
        return _part(cipher, 0x01, diversification_input)
    if len(master) == 32:
        return b"".join(_part(cipher, constant, diversification_input) for constant in _AES_256_PARTS)
    first, second = (_part(cipher, constant, diversification_input) for constant in _AES_192_PARTS)
    return first[:8] + bytes(a ^ b for a, b in zip(first[8:], second[:8], strict=True)) + second[8:]


def an10922_2tdea(master: bytes, diversification_input: bytes) -> bytes:
    """16 bytes of a master of 16; the input has 1 to 15 bytes. The parity bits are as they fall."""
    cipher = BlockCipher.des(master)
    return b"".join(_part(cipher, constant, diversification_input) for constant in (0x21, 0x22))


def an10922_3tdea(master: bytes, diversification_input: bytes) -> bytes:
    """24 bytes of a master of 24; the input has 1 to 15 bytes. The parity bits are as they fall."""
    cipher = BlockCipher.des(master)
    return b"".join(_part(cipher, constant, diversification_input) for constant in (0x31, 0x32, 0x33))


def pboc(master: bytes, factor: bytes) -> bytes:
    """16 bytes of a 2TDEA master of 16 and a factor of 8: 3DES(factor) ‖ 3DES(NOT factor). PBOC 2.0, JR/T 0025."""
    cipher = BlockCipher.des(master)
    return cipher.encrypt(factor) + cipher.encrypt(bytes(byte ^ 0xFF for byte in factor))


def with_key_version(key: bytes, version: int) -> bytes:
    """The version, highest bit first, in the lowest bits of the first 8 bytes, where DES has parity bits it ignores.

    A single DES key that is there twice stays so.
    """
    first = bytes(byte & 0xFE | version >> (7 - place) & 1 for place, byte in enumerate(key[:8]))
    is_des = len(key) == 16 and key[:8] == key[8:]
    return first + (first if is_des else key[8:])


def _part(cipher: BlockCipher, constant: int, diversification_input: bytes) -> bytes:
    size = 2 * cipher.block_size
    if not 1 <= len(diversification_input) < size:
        raise ValueError(f"a diversification input has 1 to {size - 1} bytes")
    return padded_cmac(cipher, bytes([constant]) + diversification_input, size)
