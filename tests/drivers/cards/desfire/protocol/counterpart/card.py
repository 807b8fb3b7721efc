"""What all generations share: frames, keys, a file, and which command does what."""

from abc import ABC, abstractmethod

from tests.drivers.cards.desfire.protocol.counterpart.primitives import SpoiltError, require, xor

PLAIN, MACED, ENCIPHERED = 0, 1, 3
SETTINGS = b"\x0f\x05"
_AUTHENTICATIONS = frozenset({0x0A, 0x1A, 0xAA, 0x71, 0x77})
_MORE, _OK, _INTEGRITY, _WRONG_KEY = b"\x91\xaf", b"\x91\x00", b"\x91\x1e", b"\x91\xae"
_LONGEST_IN, _LONGEST_OUT = 54, 59


class Card(ABC):
    """``rnd_b``: the number it challenges with; ``mode``: of its file."""

    def __init__(self, keys: dict[int, bytes], rnd_b: bytes, mode: int, *, des: bool = False) -> None:
        self.keys, self.rnd_b, self.mode, self.des = dict(keys), rnd_b, mode, des
        self.block = 8 if des else 16
        self.versions: dict[int, int] = {}
        self.file = b""
        self.key_no: int | None = None
        self.ins = 0
        self._heard, self._to_say, self._token = b"", b"", b""

    def __call__(self, apdu: bytes) -> bytes:
        ins, data = apdu[1], apdu[5:-1]
        assert len(data) <= _LONGEST_IN
        if ins == 0xAF and self._token:
            return self._accept(data)
        if ins == 0xAF and self._to_say:
            return self._say()
        if ins in _AUTHENTICATIONS:
            return self._challenge(ins, data[0])
        if ins != 0xAF:
            self.ins, self._heard = ins, b""
        self._heard += data
        return _MORE if len(self._heard) < self._expected() else self._carry_out()

    def _challenge(self, ins: int, key_no: int) -> bytes:
        self.ins, self.key_no = ins, key_no
        self._token = self.challenge(self.keys[key_no])
        return self._token + _MORE

    def _accept(self, data: bytes) -> bytes:
        assert self.key_no is not None
        proof = self.accept(self.keys[self.key_no], self._token, data)
        self._token = b""
        if proof is not None:
            return proof + _OK
        self.key_no = None
        return _WRONG_KEY

    def _say(self) -> bytes:
        now, self._to_say = self._to_say[:_LONGEST_OUT], self._to_say[_LONGEST_OUT:]
        return now + (_MORE if self._to_say else _OK)

    def _expected(self) -> int:
        if self.ins != 0x3D or len(self._heard) < 7:
            return 0
        return 7 + self.sealed_size(int.from_bytes(self._heard[4:7], "little"))

    def _carry_out(self) -> bytes:
        try:
            require(true=self.key_no is not None)
            self._to_say = self._obey(self._heard)
        except SpoiltError:
            self.key_no = None
            return _INTEGRITY
        return self._say()

    def _obey(self, heard: bytes) -> bytes:
        if self.ins == 0xC4:
            return self._change_key(heard)
        if self.ins == 0x45:
            self.hear(b"", heard, MACED, 0)
            return self.say(SETTINGS, MACED)
        header, length = heard[:7], int.from_bytes(heard[4:7], "little")
        if self.ins == 0x3D:
            self.file = self.hear(header, heard[7:], self.mode, length)
            return self.say(b"", self.mode)
        self.hear(header, heard[7:], self.mode, 0)
        return self.say(self.file[:length] if length else self.file, self.mode, told=bool(length))

    def _change_key(self, heard: bytes) -> bytes:
        no, same = heard[0] & 0x3F, heard[0] & 0x3F == self.key_no
        old, size = self.keys[no], len(self.keys[no])
        body, check = self.hear_key(heard[:1], heard[1:], size + (not self.des), same=same)
        new = body[:size] if same else xor(body[:size], old)
        require(true=same or check == self.key_check(new))
        self.keys[no] = new
        self.versions[no] = sum((byte & 1) << 7 - i for i, byte in enumerate(new[:8])) if self.des else body[size]
        if same:
            self.key_no = None
            return b""
        return self.say(b"", MACED)

    def session_key(self, key: bytes, rnd_a: bytes) -> bytes:
        """Of both numbers, as long as the key is strong (MF3ICD81 data sheet)."""
        a, b = rnd_a, self.rnd_b
        if not self.des:
            return a[0:4] + b[0:4] + a[12:16] + b[12:16]
        if len(key) == 24:
            return a[0:4] + b[0:4] + a[6:10] + b[6:10] + a[12:16] + b[12:16]
        return a[0:4] + b[0:4] + (b"" if key[:8] == key[8:] else a[4:8] + b[4:8])

    @abstractmethod
    def sealed_size(self, length: int) -> int:
        """How long that many bytes of the file are on the wire."""

    @abstractmethod
    def challenge(self, key: bytes) -> bytes: ...

    @abstractmethod
    def accept(self, key: bytes, token: bytes, heard: bytes) -> bytes | None:
        """The card's proof, or None when the reader did not know the key."""

    @abstractmethod
    def hear(self, header: bytes, rest: bytes, mode: int, length: int) -> bytes: ...

    @abstractmethod
    def say(self, data: bytes, mode: int, *, told: bool = True) -> bytes: ...

    @abstractmethod
    def hear_key(self, no: bytes, rest: bytes, size: int, *, same: bool) -> tuple[bytes, bytes]:
        """The body of ``size`` bytes, and the checksum of the new key when that is another than the one in use."""

    @abstractmethod
    def key_check(self, key: bytes) -> bytes: ...
