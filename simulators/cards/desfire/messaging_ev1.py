"""Secure messaging after AuthenticateISO (1A) and AuthenticateAES (AA): MF3ICD81 functional description, chapter 4.

The initial vector runs through the whole session: every command and every answer moves it on, protected or not.
"""

from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.messaging import Mode, key_of, unpad
from simulators.cards.desfire.primitives import BlockCipher, cmac, crc32, mark_pad, zero_pad
from simulators.cards.desfire.status import Status, must

_MAC_SIZE = 8
_CRC_SIZE = 4
_CHANGE_KEY = b"\xc4"
_OK = b"\x00"


class Ev1Messaging:
    """``cipher``: under the session key."""

    survives_errors = False

    def __init__(self, key_no: int, cipher: BlockCipher) -> None:
        self.key_no: int | None = key_no
        self._cipher = cipher
        self._iv = bytes(cipher.block)

    def body_size(self, size: int, mode: Mode) -> int:
        """Eight bytes more for a MAC, or whole blocks with a CRC."""
        if not size or mode in {Mode.PLAIN, Mode.CONTROL}:
            return size
        if mode is Mode.MACED:
            return size + _MAC_SIZE
        return size + _CRC_SIZE + -(size + _CRC_SIZE) % self._cipher.block

    def open(self, ins: int, header: bytes, body: bytes, mode: Mode, size: int | None) -> bytes:
        """MAC and CRC are over command code, header and data."""
        start = bytes([ins]) + header
        if body and mode is Mode.ENCIPHERED:
            return self._decipher(start, body, size)
        data, mac = (body[:-_MAC_SIZE], body[-_MAC_SIZE:]) if body and mode is Mode.MACED else (body, b"")
        expected = self._move_on(start + data)
        must(not mac or mac == expected[:_MAC_SIZE], Status.INTEGRITY)
        return data

    def seal(self, data: bytes, mode: Mode, *, size_known: bool) -> bytes:
        """Enciphered, or followed by a MAC: plain files too."""
        if not data or mode is not Mode.ENCIPHERED:
            return data + self._move_on(data + _OK)[:_MAC_SIZE]
        plain = data + crc32(data + _OK)
        pad = zero_pad if size_known else mark_pad
        body = self._cipher.encrypt(pad(plain, self._cipher.block), self._iv)
        self._iv = body[-self._cipher.block :]
        return body

    def open_key(self, key_no_byte: int, body: bytes, kind: KeyKind, old: Key | None) -> Key:
        """Key (or exclusive or with the old one), version of an AES key, CRC with command; CRC of the new key."""
        plain = self._raw(body)
        size = kind.size + (kind is KeyKind.AES)
        sent, crc, rest = plain[:size], plain[size : size + _CRC_SIZE], plain[size + _CRC_SIZE :]
        must(crc == crc32(_CHANGE_KEY + bytes([key_no_byte]) + sent), Status.INTEGRITY)
        key = key_of(kind, sent[: kind.size], sent[-1] if kind is KeyKind.AES else 0, old)
        if old is not None:
            must(rest[:_CRC_SIZE] == crc32(key.value), Status.INTEGRITY)
            rest = rest[_CRC_SIZE:]
        must(not any(rest), Status.INTEGRITY)
        return key

    def _decipher(self, start: bytes, body: bytes, size: int | None) -> bytes:
        plain = self._raw(body)
        if size is None:
            plain = unpad(plain)
            size = len(plain) - _CRC_SIZE
        must(size >= 0, Status.INTEGRITY)
        data, crc, rest = plain[:size], plain[size : size + _CRC_SIZE], plain[size + _CRC_SIZE :]
        must(crc == crc32(start + data) and not any(rest), Status.INTEGRITY)
        return data

    def _raw(self, body: bytes) -> bytes:
        must(body and len(body) % self._cipher.block == 0, Status.LENGTH)
        plain = self._cipher.decrypt(body, self._iv)
        self._iv = body[-self._cipher.block :]
        return plain

    def _move_on(self, message: bytes) -> bytes:
        self._iv = cmac(self._cipher, message, self._iv)
        return self._iv
