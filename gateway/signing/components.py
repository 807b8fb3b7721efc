"""Keys that two people bring: each a component, neither of whom learns the key, and check values to compare aloud."""

import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.domain.errors import MalformedError

KEY_SIZE: Final = 16
_CHECK_SIZE: Final = 3


def check_value(key: bytes) -> str:
    """Six capital hex digits that tell whether an AES key was typed right, and nothing of use about it.

    First three bytes of one block of zeros under the key: CKA_CHECK_VALUE of PKCS #11 v2.40 (4.10.2), which security
    modules show for the same key. (GlobalPlatform's SCP03 takes a block of 01 instead, ANSI X9.24-1 a CMAC.)
    """
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - a single block: the definition above
    return encryptor.update(bytes(16))[:_CHECK_SIZE].hex().upper()


def combine(one: bytes, two: bytes) -> bytes:
    """The key of two components of 16 bytes: one xor two (ANSI X9.24-1, key components).

    Raises MalformedError when a component is the whole key or both are alike: then one person knows the key.
    """
    if len(one) != KEY_SIZE or len(two) != KEY_SIZE:
        raise MalformedError("A component has 16 bytes: 32 hex digits.")
    if hmac.compare_digest(one, two) or not any(one) or not any(two):
        raise MalformedError("These components would let one person know the key. Let each draw 16 random bytes.")
    return bytes(left ^ right for left, right in zip(one, two, strict=True))
