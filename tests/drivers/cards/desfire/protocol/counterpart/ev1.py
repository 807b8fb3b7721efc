"""EV1: one initial vector through the session."""

from tests.drivers.cards.desfire.protocol.counterpart.card import ENCIPHERED, MACED, PLAIN, Card
from tests.drivers.cards.desfire.protocol.counterpart.primitives import cbc, cmac, crc32, require, turned, whole


class Ev1Card(Card):
    def sealed_size(self, length: int) -> int:
        return {PLAIN: length, MACED: length + 8, ENCIPHERED: -(-(length + 4) // self.block) * self.block}[self.mode]

    def challenge(self, key: bytes) -> bytes:
        return cbc(key, self.rnd_b, bytes(self.block), des=self.des)

    def accept(self, key: bytes, token: bytes, heard: bytes) -> bytes | None:
        plain = cbc(key, heard, token[-self.block :], back=True, des=self.des)
        rnd_a, answer = plain[: len(plain) // 2], plain[len(plain) // 2 :]
        if answer != turned(self.rnd_b):
            return None
        self.session, self.iv = self.session_key(key, rnd_a), bytes(self.block)
        return cbc(key, turned(rnd_a), heard[-self.block :], des=self.des)

    def hear(self, header: bytes, rest: bytes, mode: int, length: int) -> bytes:
        if length and mode == ENCIPHERED:
            plain = self._deciphered(rest)
            data = plain[:length]
            require(true=plain == whole(data + crc32(bytes([self.ins]) + header + data), self.block))
            return data
        mac = self._mac(bytes([self.ins]) + header + rest[:length])
        require(true=rest[length:] == (mac if length and mode == MACED else b""))
        return rest[:length]

    def say(self, data: bytes, mode: int, *, told: bool = True) -> bytes:
        if self.ins != 0xBD or mode != ENCIPHERED:
            return data + self._mac(data + b"\x00")
        plain = whole(data + crc32(data + b"\x00") + (b"" if told else b"\x80"), self.block)
        secret = cbc(self.session, plain, self.iv, des=self.des)
        self.iv = secret[-self.block :]
        return secret

    def hear_key(self, no: bytes, rest: bytes, size: int, *, same: bool) -> tuple[bytes, bytes]:  # noqa: ARG002  # unused here
        plain = self._deciphered(rest)
        require(true=plain[size : size + 4] == crc32(b"\xc4" + no + plain[:size]))
        return plain[:size], plain[size + 4 : size + 8]

    def key_check(self, key: bytes) -> bytes:
        return crc32(key)

    def _mac(self, data: bytes) -> bytes:
        """A CMAC that begins at the vector: what enciphers to the vector goes before the data."""
        before = cbc(self.session, self.iv, bytes(self.block), back=True, des=self.des)
        self.iv = cmac(self.session, before + data, des=self.des)
        return self.iv[:8]

    def _deciphered(self, rest: bytes) -> bytes:
        plain = cbc(self.session, rest, self.iv, back=True, des=self.des)
        self.iv = rest[-self.block :]
        return plain
