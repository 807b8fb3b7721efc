"""Keys as they lie on the card."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Self

from simulators.cards.desfire.primitives import BlockCipher


class KeyKind(IntEnum):
    """Bits 7 and 6 of CreateApplication's key settings 2, and of ChangeKey's key number at the PICC level."""

    DES = 0x00  # one or two DES keys, always 16 bytes
    TDES3 = 0x40  # three DES keys
    AES = 0x80

    @property
    def size(self) -> int:
        """Bytes."""
        return 24 if self is KeyKind.TDES3 else 16


@dataclass(frozen=True, slots=True)
class Key:
    """A DES key carries its version in the lowest bits of its first eight bytes; an AES key has it beside."""

    kind: KeyKind
    value: bytes = field(repr=False)
    aes_version: int = 0

    @property
    def version(self) -> int:
        """0 to 255."""
        if self.kind is KeyKind.AES:
            return self.aes_version
        return int("".join(str(byte & 1) for byte in self.value[:8]), 2)

    @property
    def is_single_des(self) -> bool:
        """Two equal halves: the session key is made as for DES."""
        return self.kind is KeyKind.DES and self.value[:8] == self.value[8:]

    def cipher(self) -> BlockCipher:
        """To encrypt or decrypt under it."""
        return BlockCipher(self.value, aes=self.kind is KeyKind.AES)

    def dump(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind.name, "value": self.value.hex(), "aes_version": self.aes_version}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """What :meth:`dump` gave."""
        return cls(KeyKind[data["kind"]], bytes.fromhex(data["value"]), data["aes_version"])


def blank(kind: KeyKind, fill: bytes = bytes(24), version: int = 0) -> Key:
    """The key of a new application: from SetConfiguration's default key, zeros unless that was set."""
    return Key(kind, fill[: kind.size], version)
