"""Block ciphers, checksums and paddings as the card computes them.

The card has its own: a mistake that reader and card shared would not be seen.
"""

import binascii
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

_CMAC_CONSTANT: Final = {8: 0x1B, 16: 0x87}  # NIST SP 800-38B, 5.3


class BlockCipher:
    """AES-128, or triple DES with keys of 8, 16 or 24 bytes, in CBC mode."""

    def __init__(self, key: bytes, *, aes: bool) -> None:
        self.block = 16 if aes else 8
        self._algorithm = AES(key) if aes else TripleDES((key * 3)[:24] if len(key) < 24 else key)

    def encrypt(self, data: bytes, iv: bytes | None = None) -> bytes:
        """Whole blocks; the initial vector is zero unless given."""
        context = Cipher(self._algorithm, modes.CBC(iv or bytes(self.block))).encryptor()
        return context.update(data) + context.finalize()

    def decrypt(self, data: bytes, iv: bytes | None = None) -> bytes:
        """As :meth:`encrypt`."""
        context = Cipher(self._algorithm, modes.CBC(iv or bytes(self.block))).decryptor()
        return context.update(data) + context.finalize()


def cmac(cipher: BlockCipher, data: bytes, iv: bytes | None = None) -> bytes:
    """One block. NIST SP 800-38B, but for the initial vector, which DESFire EV1 chains from the message before."""
    first = _double(cipher.encrypt(bytes(cipher.block)))
    whole = bool(data) and len(data) % cipher.block == 0
    padded = data if whole else mark_pad(data, cipher.block)
    subkey = first if whole else _double(first)
    last = xor(padded[-cipher.block :], subkey)
    return cipher.encrypt(padded[: -cipher.block] + last, iv)[-cipher.block :]


def _double(block: bytes) -> bytes:
    number = int.from_bytes(block) << 1
    carry = number >> (8 * len(block))
    number ^= _CMAC_CONSTANT[len(block)] if carry else 0
    return (number & ((1 << (8 * len(block))) - 1)).to_bytes(len(block))


def xor(first: bytes, second: bytes) -> bytes:
    """Byte by byte; as long as the shorter."""
    return bytes(a ^ b for a, b in zip(first, second, strict=False))


def rotate(data: bytes) -> bytes:
    """The first byte goes to the end."""
    return data[1:] + data[:1]


def zero_pad(data: bytes, block: int) -> bytes:
    """Zeros up to whole blocks."""
    return data + bytes(-len(data) % block)


def mark_pad(data: bytes, block: int) -> bytes:
    """80, then zeros up to whole blocks: ISO/IEC 9797-1 padding method 2."""
    return zero_pad(data + b"\x80", block)


def crc16(data: bytes) -> bytes:
    """CRC_A of ISO/IEC 14443-3 annex B, least significant byte first."""
    crc = 0x6363
    for byte in data:
        step = (byte ^ crc) & 0xFF
        step = (step ^ step << 4) & 0xFF
        crc = crc >> 8 ^ step << 8 ^ step << 3 ^ step >> 4
    return crc.to_bytes(2, "little")


def crc32(data: bytes) -> bytes:
    """The CRC of Ethernet without its final inversion, least significant byte first."""
    return (binascii.crc32(data) ^ 0xFFFFFFFF).to_bytes(4, "little")
