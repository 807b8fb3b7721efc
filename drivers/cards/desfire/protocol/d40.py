"""Secure messaging of the first DESFire (MF3ICD40), after 0A: DES MACs of 4 bytes and CRC-16, nothing chained.

MF3ICD40 data sheet, section 7. The reader only ever runs the decipher direction of DES on what it sends: the card has
no other. MACs and checksums cover the data alone, and only commands about the content of files have them.
"""

from typing import Final

from drivers.cards.ciphers import BlockCipher, xor, zero_padded
from drivers.cards.crc import crc16
from drivers.cards.desfire.protocol.keys import KeyChange
from drivers.cards.desfire.protocol.session import READS, Mode, Session
from drivers.cards.desfire.protocol.trailer import check_blocks, check_mac, split_mac, without_trailer

_MAC_SIZE: Final = 4


class D40Session(Session):
    """``cipher`` has the session key."""

    def __init__(self, key_no: int, cipher: BlockCipher) -> None:
        super().__init__(key_no)
        self._cipher = cipher

    def _seal(self, ins: int, header: bytes, data: bytes, mode: Mode) -> bytes:  # noqa: ARG002  # MACs cover data alone
        if not data or mode is Mode.PLAIN:
            return header + data
        if mode is Mode.MACED:
            return header + data + self._mac(data)
        return header + self._enciphered(data + crc16(data))

    def _open(self, ins: int, payload: bytes, mode: Mode, length: int | None) -> bytes:
        if ins not in READS or mode is Mode.PLAIN:
            return payload
        if mode is Mode.ENCIPHERED:
            check_blocks(payload, self._cipher.block_size)
            return without_trailer(self._cipher.decrypt(payload), length, crc16)
        data, mac = split_mac(payload, _MAC_SIZE)
        check_mac(self._mac(data), mac)
        return data

    def _seal_key(self, key_no: bytes, change: KeyChange) -> bytes:
        return key_no + self._enciphered(change.body + crc16(change.body) + change.new_key_check(crc16))

    def _mac(self, data: bytes) -> bytes:
        size = self._cipher.block_size
        return self._cipher.encrypt(zero_padded(data, size))[-size:][:_MAC_SIZE]

    def _enciphered(self, plain: bytes) -> bytes:
        return deciphered_to_send(self._cipher, zero_padded(plain, self._cipher.block_size))


def deciphered_to_send(cipher: BlockCipher, data: bytes) -> bytes:
    """CBC of the decipher direction: each block is XORed with the one sent before it, then deciphered."""
    sent = [bytes(cipher.block_size)]
    for block in cipher.blocks(data):
        sent.append(cipher.decrypt(xor(block, sent[-1])))
    return b"".join(sent[1:])
