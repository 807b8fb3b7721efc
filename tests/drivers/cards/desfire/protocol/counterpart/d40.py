"""The first DESFire: it runs DES only forwards."""

from tests.drivers.cards.desfire.protocol.counterpart.card import ENCIPHERED, MACED, PLAIN, Card
from tests.drivers.cards.desfire.protocol.counterpart.primitives import cbc, crc16, require, turned, whole, xor

_ZERO = bytes(8)


class D40Card(Card):
    def sealed_size(self, length: int) -> int:
        return {PLAIN: length, MACED: length + 4, ENCIPHERED: -(-(length + 2) // 8) * 8}[self.mode]

    def challenge(self, key: bytes) -> bytes:
        return cbc(key, self.rnd_b, _ZERO, des=True)

    def accept(self, key: bytes, token: bytes, heard: bytes) -> bytes | None:  # noqa: ARG002  # nothing is chained
        plain = _enciphered_backwards(key, heard)
        if plain[8:] != turned(self.rnd_b):
            return None
        self.session = self.session_key(key, plain[:8])
        return cbc(key, turned(plain[:8]), _ZERO, des=True)

    def hear(self, header: bytes, rest: bytes, mode: int, length: int) -> bytes:  # noqa: ARG002  # MACs cover data alone
        if not length or mode == PLAIN:
            require(true=len(rest) == length)
            return rest
        plain = rest if mode == MACED else _enciphered_backwards(self.session, rest)
        data, check = plain[:length], plain[length:]
        require(true=check == self._mac(data) if mode == MACED else check == whole(data + crc16(data), 8)[length:])
        return data

    def say(self, data: bytes, mode: int, *, told: bool = True) -> bytes:
        if self.ins != 0xBD or mode == PLAIN:
            return data
        if mode == MACED:
            return data + self._mac(data)
        return cbc(self.session, whole(data + crc16(data) + (b"" if told else b"\x80"), 8), _ZERO, des=True)

    def hear_key(self, no: bytes, rest: bytes, size: int, *, same: bool) -> tuple[bytes, bytes]:  # noqa: ARG002  # unused here
        plain = _enciphered_backwards(self.session, rest)
        require(true=plain[size : size + 2] == crc16(plain[:size]))
        return plain[:size], plain[size + 2 : size + 4]

    def key_check(self, key: bytes) -> bytes:
        return crc16(key)

    def _mac(self, data: bytes) -> bytes:
        return cbc(self.session, whole(data, 8), _ZERO, des=True)[-8:-4]


def _enciphered_backwards(key: bytes, secret: bytes) -> bytes:
    """Undoes what a reader that only deciphers has sent."""
    blocks = [secret[start : start + 8] for start in range(0, len(secret), 8)]
    pairs = zip(blocks, [_ZERO, *blocks], strict=False)
    return b"".join(xor(cbc(key, block, _ZERO, des=True), before) for block, before in pairs)
