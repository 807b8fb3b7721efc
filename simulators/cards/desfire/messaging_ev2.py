"""Secure messaging after AuthenticateEV2First (71) and NonFirst (77): NXP AN12343 rev. 1.1, chapters 5 and 7.

A transaction identifier and a counter of commands go into every MAC and every initial vector.
"""

from typing import Final

from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.messaging import Mode, key_of, unpad
from simulators.cards.desfire.primitives import BlockCipher, cmac, crc32, mark_pad
from simulators.cards.desfire.status import Status, must

MAC_SIZE: Final = 8
_BLOCK = 16
_CRC_SIZE = 4
_OK = b"\x00"
_COMMAND, _ANSWER = b"\xa5\x5a", b"\x5a\xa5"


class Ev2Messaging:
    """``transaction``: 4 bytes. ``counter``: commands of the transaction so far."""

    survives_errors = False

    def __init__(self, key_no: int, encryption: bytes, authentication: bytes, transaction: bytes, counter: int) -> None:
        self.key_no: int | None = key_no
        self.transaction = transaction
        self.counter = counter
        self._encryption = BlockCipher(encryption, aes=True)
        self._authentication = BlockCipher(authentication, aes=True)

    def body_size(self, size: int, mode: Mode) -> int:
        """A MAC always, but for plain files; enciphered data have at least one byte of padding."""
        if mode is Mode.PLAIN:
            return size
        if size and mode is Mode.ENCIPHERED:
            size += _BLOCK - size % _BLOCK
        return size + MAC_SIZE

    def open(self, ins: int, header: bytes, body: bytes, mode: Mode, size: int | None) -> bytes:
        """The MAC is over the code, the counter, the transaction, and header and data as they travel."""
        if mode is Mode.PLAIN:
            return body
        must(len(body) >= MAC_SIZE, Status.LENGTH)
        sent, mac = body[:-MAC_SIZE], body[-MAC_SIZE:]
        must(mac == self._mac(bytes([ins]), header + sent), Status.INTEGRITY)
        if not sent or mode is not Mode.ENCIPHERED:
            return sent
        must(len(sent) % _BLOCK == 0, Status.LENGTH)
        data = unpad(self._encryption.decrypt(sent, self._iv(_COMMAND)))
        must(size is None or len(data) == size, Status.LENGTH)
        return data

    def seal(self, data: bytes, mode: Mode, *, size_known: bool) -> bytes:
        """The counter moves on before the answer."""
        del size_known
        self.counter += 1
        if mode is Mode.PLAIN:
            return data
        if data and mode is Mode.ENCIPHERED:
            data = self._encryption.encrypt(mark_pad(data, _BLOCK), self._iv(_ANSWER))
        return data + self._mac(_OK, data)

    def open_key(self, key_no_byte: int, body: bytes, kind: KeyKind, old: Key | None) -> Key:
        """Key (or exclusive or with the old one), version; CRC of the new key when it is not the one in use."""
        plain = self.open(0xC4, bytes([key_no_byte]), body, Mode.ENCIPHERED, None)
        versioned = kind is KeyKind.AES
        must(len(plain) == kind.size + versioned + (_CRC_SIZE if old is not None else 0), Status.LENGTH)
        key = key_of(kind, plain[: kind.size], plain[kind.size] if versioned else 0, old)
        must(old is None or plain[-_CRC_SIZE:] == crc32(key.value), Status.INTEGRITY)
        return key

    def _mac(self, start: bytes, message: bytes) -> bytes:
        counter = self.counter.to_bytes(2, "little")
        return cmac(self._authentication, start + counter + self.transaction + message)[1::2]

    def _iv(self, label: bytes) -> bytes:
        counter = self.counter.to_bytes(2, "little")
        return self._encryption.encrypt(label + self.transaction + counter + bytes(8))
