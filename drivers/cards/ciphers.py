"""The block ciphers of cards: AES, and DES with one, two or three keys, in CBC mode."""

from typing import Final, Self

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

DES_BLOCK: Final = 8
AES_BLOCK: Final = 16


class BlockCipher:
    """A key and its algorithm. Data are whole blocks; ``iv`` is one block and zero when not given. Shows no key."""

    __slots__ = ("_algorithm", "block_size")

    def __init__(self, algorithm: AES | TripleDES, block_size: int) -> None:
        self._algorithm = algorithm
        self.block_size: Final = block_size

    @classmethod
    def aes(cls, key: bytes) -> Self:
        """16, 24 or 32 bytes."""
        return cls(AES(key), AES_BLOCK)

    @classmethod
    def des(cls, key: bytes) -> Self:
        """8 bytes for DES, 16 for 3DES with two keys, 24 with three; the lowest bit of each byte does not matter."""
        whole = {8: key * 3, 16: key + key[:8], 24: key}[len(key)]
        return cls(TripleDES(whole), DES_BLOCK)

    def encrypt(self, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC."""
        context = self._cbc(iv).encryptor()
        return context.update(data) + context.finalize()

    def decrypt(self, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC."""
        context = self._cbc(iv).decryptor()
        return context.update(data) + context.finalize()

    def blocks(self, data: bytes) -> list[bytes]:
        """The data cut into blocks; the last may be short."""
        return [data[start : start + self.block_size] for start in range(0, len(data), self.block_size)]

    def _cbc(self, iv: bytes | None) -> Cipher[modes.CBC]:
        return Cipher(self._algorithm, modes.CBC(bytes(self.block_size) if iv is None else iv))


def xor(first: bytes, second: bytes) -> bytes:
    """Both of one length."""
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


def zero_padded(data: bytes, block_size: int) -> bytes:
    """Filled with 00 to whole blocks; nothing is added to whole blocks."""
    return data + bytes(-len(data) % block_size)


def marked_padded(data: bytes, block_size: int) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1: 80, then 00 to whole blocks; always adds at least the 80."""
    return zero_padded(data + b"\x80", block_size)
