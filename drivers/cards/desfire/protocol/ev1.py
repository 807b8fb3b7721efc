"""Secure messaging of DESFire EV1, after 1A and AA: CMAC and CRC-32, one initial vector through the whole session.

NXP AN0945 / MF3ICD81 data sheet, secure messaging; the recorded sessions in tests/vectors/desfire.json. Every command
moves the vector on, whether or not its MAC is sent; every answer carries a MAC unless it is enciphered.
"""

from typing import Final

from drivers.cards.ciphers import BlockCipher, zero_padded
from drivers.cards.cmac import cmac
from drivers.cards.crc import crc32
from drivers.cards.desfire.protocol.keys import KeyChange
from drivers.cards.desfire.protocol.session import CHANGE_KEY, READS, Mode, Session
from drivers.cards.desfire.protocol.trailer import check_blocks, check_mac, split_mac, without_trailer

_MAC_SIZE: Final = 8
_OK: Final = b"\x00"


class Ev1Session(Session):
    """``cipher`` has the session key; the vector begins at zero."""

    def __init__(self, key_no: int, cipher: BlockCipher, iv: bytes | None = None) -> None:
        super().__init__(key_no)
        self._cipher = cipher
        self._iv = bytes(cipher.block_size) if iv is None else iv

    def _seal(self, ins: int, header: bytes, data: bytes, mode: Mode) -> bytes:
        command = bytes([ins]) + header + data
        if data and mode is Mode.ENCIPHERED:
            return header + self._enciphered(data + crc32(command))
        self._iv = cmac(self._cipher, command, self._iv)
        return command[1:] + (self._iv[:_MAC_SIZE] if data and mode is Mode.MACED else b"")

    def _open(self, ins: int, payload: bytes, mode: Mode, length: int | None) -> bytes:
        if mode is Mode.ENCIPHERED and ins in READS:
            return self._deciphered(payload, length)
        data, mac = split_mac(payload, _MAC_SIZE)
        self._iv = cmac(self._cipher, data + _OK, self._iv)
        check_mac(self._iv[:_MAC_SIZE], mac)
        return data

    def _seal_key(self, key_no: bytes, change: KeyChange) -> bytes:
        check = crc32(bytes([CHANGE_KEY]) + key_no + change.body)
        return key_no + self._enciphered(change.body + check + change.new_key_check(crc32))

    def _enciphered(self, plain: bytes) -> bytes:
        size = self._cipher.block_size
        secret = self._cipher.encrypt(zero_padded(plain, size), self._iv)
        self._iv = secret[-size:]
        return secret

    def _deciphered(self, payload: bytes, length: int | None) -> bytes:
        size = self._cipher.block_size
        check_blocks(payload, size)
        plain = self._cipher.decrypt(payload, self._iv)
        self._iv = payload[-size:]
        return without_trailer(plain, length, lambda data: crc32(data + _OK))
