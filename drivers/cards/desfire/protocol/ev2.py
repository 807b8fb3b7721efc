"""Secure messaging of DESFire EV2, after 71 and 77: a transaction identifier and a command counter in every MAC.

NXP AN12343, DESFire EV2 features and hints, and AN12196, NTAG 424 DNA: session keys, MACs, initial vectors.
"""

from dataclasses import dataclass
from typing import Final, Self

from drivers.cards.ciphers import BlockCipher, marked_padded, xor
from drivers.cards.cmac import cmac, odd_bytes
from drivers.cards.crc import crc32
from drivers.cards.desfire.protocol.keys import KeyChange
from drivers.cards.desfire.protocol.session import CHANGE_KEY, Mode, Session
from drivers.cards.desfire.protocol.trailer import check_blocks, check_mac, split_mac, without_mark

_MAC_SIZE: Final = 8
_OK: Final = b"\x00"
_COMMAND: Final = bytes.fromhex("A55A")
_ANSWER: Final = bytes.fromhex("5AA5")


@dataclass(frozen=True, slots=True, repr=False)
class Ev2Keys:
    """One key to encipher, one for MACs; both AES-128."""

    encipher: BlockCipher
    mac: BlockCipher

    @classmethod
    def derive(cls, key: bytes, rnd_a: bytes, rnd_b: bytes) -> Self:
        """CMAC of two session vectors under the key that was authenticated with (AN12343, section 4.3)."""
        cipher = BlockCipher.aes(key)
        context = rnd_a[:2] + xor(rnd_a[2:8], rnd_b[:6]) + rnd_b[6:] + rnd_a[8:]
        first, second = (cmac(cipher, label + bytes.fromhex("00010080") + context) for label in (_COMMAND, _ANSWER))
        return cls(BlockCipher.aes(first), BlockCipher.aes(second))


class Ev2Session(Session):
    """``transaction`` is TI, 4 bytes that the card chose; ``counter`` is CmdCtr, which begins at zero."""

    def __init__(self, key_no: int, keys: Ev2Keys, transaction: bytes, counter: int = 0) -> None:
        super().__init__(key_no)
        self._keys = keys
        self.transaction: Final = transaction
        self.counter = counter

    def _seal(self, ins: int, header: bytes, data: bytes, mode: Mode) -> bytes:
        if data and mode is Mode.ENCIPHERED:
            data = self._keys.encipher.encrypt(marked_padded(data, self._keys.encipher.block_size), self._iv(_COMMAND))
        mac = b"" if mode is Mode.PLAIN else self._mac(ins, header + data)
        self.counter += 1
        return header + data + mac

    def _open(self, ins: int, payload: bytes, mode: Mode, length: int | None) -> bytes:  # noqa: ARG002  # the padding tells
        if mode is Mode.PLAIN:
            return payload
        data, mac = split_mac(payload, _MAC_SIZE)
        check_mac(self._mac(_OK[0], data), mac)
        return self._deciphered(data) if data and mode is Mode.ENCIPHERED else data

    def _seal_key(self, key_no: bytes, change: KeyChange) -> bytes:
        return self._seal(CHANGE_KEY, key_no, change.body + change.new_key_check(crc32), Mode.ENCIPHERED)

    def _mac(self, first: int, rest: bytes) -> bytes:
        """``first``: the instruction of a command, the status of an answer."""
        return odd_bytes(cmac(self._keys.mac, bytes([first]) + self._count + self.transaction + rest))

    def _iv(self, label: bytes) -> bytes:
        return self._keys.encipher.encrypt(label + self.transaction + self._count + bytes(8))

    @property
    def _count(self) -> bytes:
        return self.counter.to_bytes(2, "little")

    def _deciphered(self, data: bytes) -> bytes:
        check_blocks(data, self._keys.encipher.block_size)
        return without_mark(self._keys.encipher.decrypt(data, self._iv(_ANSWER)))
