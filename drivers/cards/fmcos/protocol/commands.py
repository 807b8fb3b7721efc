"""The commands of FMCOS that an application needs: each function gives the bytes of one APDU.

FMCOS 2.0 user manual, chapters 7 (basic commands) and 9 (CREATE FILE, WRITE KEY, ERASE DF).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from drivers.cards.fmcos.protocol.ciphers import MAC_SIZE, line_mac, protected_data

MF: Final = 0x3F00
KEY_FILE: Final = 0x0000
_RESERVED: Final = b"\xff\xff"
_SHORT_FILE: Final = 0x80
_SECURED: Final = 0x04


class FileType(IntEnum):
    """The first byte of CREATE FILE's data."""

    BINARY = 0x28
    DF = 0x38
    KEY = 0x3F


class KeyType(IntEnum):
    """What a key can do, and nothing else."""

    INTERNAL = 0x34
    LINE_PROTECTION = 0x36
    EXTERNAL = 0x39


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key with its rights. ``third`` and ``fourth`` depend on the type.

    EXTERNAL: the security state that it leads to, both nibbles alike, and the tries (most ‖ left, a nibble each).
    INTERNAL: version and algorithm. LINE_PROTECTION: FF and the tries.
    """

    type: KeyType
    use: int
    change: int
    third: int
    fourth: int
    key: bytes

    def encode(self) -> bytes:
        """5 bytes and the key of 8 or 16."""
        return bytes([self.type, self.use, self.change, self.third, self.fourth]) + self.key

    def __repr__(self) -> str:
        return f"KeyRecord({self.type.name}, …)"


def select(file: int) -> bytes:
    """By number, in the current DF; the MF from anywhere."""
    return bytes.fromhex("00A4000002") + file.to_bytes(2) + b"\x00"


def select_name(name: bytes) -> bytes:
    """A DF by its name of 5 to 16 bytes."""
    return bytes.fromhex("00A40400") + bytes([len(name)]) + name + b"\x00"


def get_challenge(size: int) -> bytes:
    """4 or 8 bytes come back: which, depends on the lot of cards."""
    return bytes([0x00, 0x84, 0, 0, size])


def external_authenticate(key_id: int, cryptogram: bytes) -> bytes:
    """Right after GET CHALLENGE. A wrong key is answered ``63Cx``, x tries left."""
    return bytes([0x00, 0x82, 0, key_id, len(cryptogram)]) + cryptogram


def internal_authenticate(key_id: int, challenge: bytes) -> bytes:
    """The card encrypts our 8 bytes with a key of type INTERNAL."""
    return bytes([0x00, 0x88, 0, key_id, len(challenge)]) + challenge + b"\x00"


def create_df(file: int, space: int, create: int, erase: int, name: bytes) -> bytes:
    """``38`` ‖ space (2) ‖ right to create in it ‖ right to erase it ‖ ``95`` (an application) ‖ FF FF ‖ name."""
    head = struct.pack(">BHBBB", FileType.DF, space, create, erase, 0x95)
    return _create(file, head + _RESERVED + name)


def create_key_file(space: int, add: int) -> bytes:
    """The first file of a DF: ``3F`` ‖ space (2) ‖ ``95`` as its DF ‖ right to add keys ‖ FF FF."""
    return _create(KEY_FILE, struct.pack(">BHBB", FileType.KEY, space, 0x95, add) + _RESERVED)


def create_binary(file: int, size: int, read: int, write: int) -> bytes:
    """``28`` ‖ size (2) ‖ right to read ‖ right to write ‖ FF ‖ FF: no line protection."""
    return _create(file, struct.pack(">BHBB", FileType.BINARY, size, read, write) + _RESERVED)


def add_key(key_id: int, record: KeyRecord) -> bytes:
    """WRITE KEY with P1 = 01."""
    return _write_key(0x01, key_id, record)


def change_key(key_id: int, record: KeyRecord) -> bytes:
    """WRITE KEY with P1 = the type of the key that is replaced."""
    return _write_key(record.type, key_id, record)


def read_binary(short_file: int, size: int) -> bytes:
    """From the start of a file, by the lowest 5 bits of its number."""
    return bytes([0x00, 0xB0, _SHORT_FILE | short_file, 0, size])


def update_binary(short_file: int, data: bytes) -> bytes:
    """From the start of a file, by the lowest 5 bits of its number."""
    return bytes([0x00, 0xD6, _SHORT_FILE | short_file, 0, len(data)]) + data


def erase_df() -> bytes:
    """Everything in the current DF; the DF itself stays."""
    return bytes.fromhex("800E000000")


def with_mac(apdu: bytes, key: bytes, challenge: bytes) -> bytes:
    """A command with data made to carry a MAC: class | 04, Lc with the MAC in it, and 4 bytes at the end.

    ``challenge``: what GET CHALLENGE gave right before.
    """
    return _closed(apdu[:4], apdu[5:], key, challenge)


def encrypted(apdu: bytes, key: bytes, challenge: bytes) -> bytes:
    """As :func:`with_mac`, with the data encrypted first."""
    return _closed(apdu[:4], protected_data(key, apdu[5:]), key, challenge)


def _closed(header: bytes, data: bytes, key: bytes, challenge: bytes) -> bytes:
    head = bytes([header[0] | _SECURED]) + header[1:] + bytes([len(data) + MAC_SIZE])
    return head + data + line_mac(key, head + data, challenge)


def _create(file: int, data: bytes) -> bytes:
    return b"\x80\xe0" + file.to_bytes(2) + bytes([len(data)]) + data


def _write_key(what: int, key_id: int, record: KeyRecord) -> bytes:
    data = record.encode()
    return bytes([0x80, 0xD4, what, key_id, len(data)]) + data
