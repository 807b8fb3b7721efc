"""Ciphers, MACs and checksums as cryptography and the standard library have them."""

import binascii
import zlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC


class SpoiltError(Exception):
    """What the card heard is not what an honest reader says."""


def require(*, true: bool) -> None:
    if not true:
        raise SpoiltError


def cbc(key: bytes, data: bytes, iv: bytes, *, back: bool = False, des: bool = False) -> bytes:
    cipher = Cipher(_algorithm(key, des=des), modes.CBC(iv))
    context = cipher.decryptor() if back else cipher.encryptor()
    return context.update(data) + context.finalize()


def cmac(key: bytes, data: bytes, *, des: bool = False) -> bytes:
    context = CMAC(_algorithm(key, des=des))
    context.update(data)
    return context.finalize()


def _algorithm(key: bytes, *, des: bool) -> AES | TripleDES:
    return TripleDES((key * 3)[:24]) if des else AES(key)


def crc16(data: bytes) -> bytes:
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    return int(f"{binascii.crc_hqx(mirrored, 0xC6C6):016b}"[::-1], 2).to_bytes(2, "little")


def crc32(data: bytes) -> bytes:
    return (zlib.crc32(data) ^ 0xFFFFFFFF).to_bytes(4, "little")


def xor(first: bytes, second: bytes) -> bytes:
    return (int.from_bytes(first) ^ int.from_bytes(second)).to_bytes(len(first))


def turned(number: bytes) -> bytes:
    return number[1:] + number[:1]


def whole(data: bytes, block: int) -> bytes:
    return data + bytes(-len(data) % block)
