"""EV2: a transaction identifier and a counter in every MAC."""

from tests.drivers.cards.desfire.protocol.counterpart.card import ENCIPHERED, MACED, PLAIN, Card
from tests.drivers.cards.desfire.protocol.counterpart.primitives import cbc, cmac, crc32, require, turned, whole, xor

_ZERO = bytes(16)


class Ev2Card(Card):
    ti = bytes.fromhex("7A21085E")

    def sealed_size(self, length: int) -> int:
        return {PLAIN: length, MACED: length + 8, ENCIPHERED: (length // 16 + 1) * 16 + 8}[self.mode]

    def challenge(self, key: bytes) -> bytes:
        return cbc(key, self.rnd_b, _ZERO)

    def accept(self, key: bytes, token: bytes, heard: bytes) -> bytes | None:  # noqa: ARG002  # nothing is chained
        plain = cbc(key, heard, _ZERO, back=True)
        a, b = plain[:16], self.rnd_b
        if plain[16:] != turned(b):
            return None
        context = bytes.fromhex("00010080") + a[0:2] + xor(a[2:8], b[0:6]) + b[6:16] + a[8:16]
        self.enc_key, self.mac_key = cmac(key, b"\xa5\x5a" + context), cmac(key, b"\x5a\xa5" + context)
        if self.ins == 0x77:
            return cbc(key, turned(a), _ZERO)
        self.counter = 0
        return cbc(key, self.ti + turned(a) + bytes(12), _ZERO)

    def hear(self, header: bytes, rest: bytes, mode: int, length: int) -> bytes:
        if mode != PLAIN:
            rest, mac = rest[:-8], rest[-8:]
            require(true=mac == self._mac(self.ins, header + rest))
        if rest and mode == ENCIPHERED:
            plain = cbc(self.enc_key, rest, self._iv("A55A"), back=True)
            require(true=plain == whole(plain[:length] + b"\x80", 16))
            rest = plain[:length]
        require(true=len(rest) == length)
        self.counter += 1
        return rest

    def say(self, data: bytes, mode: int, *, told: bool = True) -> bytes:  # noqa: ARG002  # it always pads alike
        if mode == PLAIN:
            return data
        if data and mode == ENCIPHERED:
            data = cbc(self.enc_key, whole(data + b"\x80", 16), self._iv("5AA5"))
        return data + self._mac(0, data)

    def hear_key(self, no: bytes, rest: bytes, size: int, *, same: bool) -> tuple[bytes, bytes]:
        plain = self.hear(no, rest, ENCIPHERED, size + (0 if same else 4))
        return plain[:size], plain[size:]

    def key_check(self, key: bytes) -> bytes:
        return crc32(key)

    def _mac(self, first: int, rest: bytes) -> bytes:
        mac = cmac(self.mac_key, bytes([first]) + self.counter.to_bytes(2, "little") + self.ti + rest)
        return bytes(mac[place] for place in range(1, 16, 2))

    def _iv(self, label: str) -> bytes:
        count = self.counter.to_bytes(2, "little")
        return cbc(self.enc_key, bytes.fromhex(label) + self.ti + count + bytes(8), _ZERO)
