"""Secure messaging after Authenticate (0A), as the first DESFire had it: MF3ICD40 functional description, chapter 3.

The reader only ever deciphers and the card only ever enciphers. Each message starts from a zero initial vector. Only
file contents, keys and settings are protected; everything else goes in clear.
"""

from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.messaging import Mode, key_of
from simulators.cards.desfire.primitives import BlockCipher, crc16, mark_pad, xor, zero_pad
from simulators.cards.desfire.status import RefusedError, Status, must

_BLOCK = 8
_MAC_SIZE = 4
_CRC_SIZE = 2


class D40Messaging:
    """``cipher``: DES or 3DES under the session key."""

    survives_errors = True

    def __init__(self, key_no: int, cipher: BlockCipher) -> None:
        self.key_no: int | None = key_no
        self._cipher = cipher

    def body_size(self, size: int, mode: Mode) -> int:
        """Four bytes more for a MAC, or whole blocks with a CRC."""
        if not size or mode in {Mode.PLAIN, Mode.CONTROL}:
            return size
        return size + _MAC_SIZE if mode is Mode.MACED else size + _CRC_SIZE + -(size + _CRC_SIZE) % _BLOCK

    def open(self, ins: int, header: bytes, body: bytes, mode: Mode, size: int | None) -> bytes:
        """The MAC and CRC are over the data alone."""
        del ins, header
        if not body or mode in {Mode.PLAIN, Mode.CONTROL}:
            return body
        if mode is Mode.MACED:
            data, mac = body[:-_MAC_SIZE], body[-_MAC_SIZE:]
            must(mac == self._mac(data), Status.INTEGRITY)
            return data
        plain = self._receive(body)
        return _checked(plain, size) if size is not None else _unpadded(plain)

    def seal(self, data: bytes, mode: Mode, *, size_known: bool) -> bytes:
        """Nothing is added to an answer without data."""
        if not data or mode in {Mode.PLAIN, Mode.CONTROL}:
            return data
        if mode is Mode.MACED:
            return data + self._mac(data)
        plain = data + crc16(data)
        return self._cipher.encrypt(zero_pad(plain, _BLOCK) if size_known else mark_pad(plain, _BLOCK))

    def open_key(self, key_no_byte: int, body: bytes, kind: KeyKind, old: Key | None) -> Key:
        """Key (or exclusive or with the old one), version of an AES key, CRC of these; CRC of the new key."""
        del key_no_byte
        plain = self._receive(body)
        size = kind.size + (kind is KeyKind.AES)
        sent, crc, rest = plain[:size], plain[size : size + _CRC_SIZE], plain[size + _CRC_SIZE :]
        must(crc == crc16(sent), Status.INTEGRITY)
        key = key_of(kind, sent[: kind.size], sent[-1] if kind is KeyKind.AES else 0, old)
        if old is not None:
            must(rest[:_CRC_SIZE] == crc16(key.value), Status.INTEGRITY)
            rest = rest[_CRC_SIZE:]
        must(not any(rest), Status.INTEGRITY)
        return key

    def _mac(self, data: bytes) -> bytes:
        return self._cipher.encrypt(zero_pad(data, _BLOCK))[-_BLOCK:][:_MAC_SIZE]

    def _receive(self, body: bytes) -> bytes:
        """The reader deciphered each block after chaining in the ciphertext before it."""
        must(body and len(body) % _BLOCK == 0, Status.LENGTH)
        blocks = [body[at : at + _BLOCK] for at in range(0, len(body), _BLOCK)]
        before = [bytes(_BLOCK), *blocks]
        return b"".join(xor(self._cipher.encrypt(block), last) for block, last in zip(blocks, before, strict=False))


def _checked(plain: bytes, size: int) -> bytes:
    data, crc, rest = plain[:size], plain[size : size + _CRC_SIZE], plain[size + _CRC_SIZE :]
    must(crc == crc16(data) and not any(rest), Status.INTEGRITY)
    return data


def _unpadded(plain: bytes) -> bytes:
    """The first CRC that is followed by 80 and zeros, or by zeros: zeros after a CRC fit it too."""
    for end in range(max(len(plain) - _BLOCK, _CRC_SIZE), len(plain) + 1):
        data, crc, rest = plain[: end - _CRC_SIZE], plain[end - _CRC_SIZE : end], plain[end:]
        if crc == crc16(data) and not any(rest[1:]) and rest[:1] in {b"", b"\x00", b"\x80"}:
            return data
    raise RefusedError(Status.INTEGRITY)
