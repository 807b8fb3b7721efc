"""DES and 2-key triple DES as the card uses them."""

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK: Final = 8
MAC: Final = 4
KEY_SIZES: Final = frozenset({8, 16})


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(TripleDES((key + key[:8]) if len(key) == 16 else key * 3), modes.ECB())  # noqa: S305 - as the card does it


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB, whole blocks; 8 bytes of key are DES, 16 are EDE with two keys."""
    context = _cipher(key).encryptor()
    return context.update(blocks) + context.finalize()


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB, whole blocks."""
    context = _cipher(key).decryptor()
    return context.update(blocks) + context.finalize()


def pad(data: bytes) -> bytes:
    """80, then zeros: ISO/IEC 9797-1, padding method 2. Always at least one byte."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def mac(key: bytes, data: bytes, initial: bytes) -> bytes:
    """The first four bytes of the CBC-MAC (8-byte key) or of MAC algorithm 3 of ISO/IEC 9797-1 (16-byte key)."""
    padded = pad(data)
    value = initial
    for start in range(0, len(padded), BLOCK):
        chained = bytes(a ^ b for a, b in zip(value, padded[start : start + BLOCK], strict=True))
        value = encrypt(key[:8], chained)
    if len(key) > BLOCK:
        value = encrypt(key[:8], decrypt(key[8:], value))
    return value[:MAC]
