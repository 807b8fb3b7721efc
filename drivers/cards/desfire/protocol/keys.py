"""Keys as they lie on a DESFire card, and what ChangeKey says about them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from drivers.cards.ciphers import xor
from drivers.cards.diversification import with_key_version


class KeyKind(StrEnum):
    """DES and 3DES with two keys are one kind, 16 bytes: a single DES key is there twice."""

    DES = "des"  # 16 bytes, or 8 for single DES
    TDES3 = "3k3des"  # 24 bytes
    AES = "aes"  # 16 bytes


@dataclass(frozen=True, slots=True)
class KeyChange:
    """``body``: the new key, XOR the old one unless that is the key in use, and the version byte of an AES key.

    ``new_key`` is the new key alone, and None when the old one did not go in: its checksum then proves nothing new.
    """

    body: bytes = field(repr=False)
    new_key: bytes | None = field(repr=False)

    @classmethod
    def of(cls, kind: KeyKind, new_key: bytes, new_version: int, old_key: bytes | None) -> Self:
        """``old_key`` None: the key in use is changed."""
        stored = new_key if kind is KeyKind.AES else with_key_version(doubled(new_key), new_version)
        body = stored if old_key is None else xor(stored, doubled(old_key))
        version = bytes([new_version]) if kind is KeyKind.AES else b""
        return cls(body + version, None if old_key is None else stored)

    def new_key_check(self, crc: Callable[[bytes], bytes]) -> bytes:
        """The checksum by which the card sees that the old key was the right one."""
        return b"" if self.new_key is None else crc(self.new_key)


def doubled(key: bytes) -> bytes:
    """A single DES key of 8 bytes as the 16 that lie on the card; other keys as they are."""
    return key * 2 if len(key) == 8 else key
