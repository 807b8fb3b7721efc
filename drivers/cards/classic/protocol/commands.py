"""What a contactless reader is asked to do with a MIFARE Classic card: each function gives the bytes of one APDU.

PC/SC Part 3 rev. 2.01.09, 3.2.2.1.4 (Load Keys), .6 (General Authenticate), .8 (Read Binary), .9 (Update Binary), and
rev. 2.02 (supplement), 3.2.2.1.10 (increment and decrement by data objects). Readers of ACS do those by ``FF D7`` and
``FF B1`` (ACR122U API 2.04, 5.5).
"""

from enum import IntEnum
from typing import Final

from drivers.cards.classic.protocol.sector import BLOCK_SIZE, Trailer, first_block, is_trailer, require_data_block
from gateway.ports.cards import CardGarbledError, CardRefusedError

_AUTHENTICATE_VERSION: Final = 0x01
_DATA_OBJECTS: Final = bytes.fromhex("FFC20003")
_INCREMENT, _DECREMENT = 0xA0, 0xA1
_STATUS_OBJECT: Final = bytes.fromhex("C003009000")
_STORE, _ADD, _SUBTRACT, _COPY = 0x00, 0x01, 0x02, 0x03


class Key(IntEnum):
    """Which of a sector's keys."""

    A = 0x60
    B = 0x61


def load_key(slot: int, key: bytes) -> bytes:
    """Into the reader's volatile memory, in clear (P1 = 00)."""
    return bytes([0xFF, 0x82, 0, slot, len(key)]) + key


def authenticate(block: int, which: Key, slot: int) -> bytes:
    """Opens the sector of the block with the key in the slot."""
    return bytes([0xFF, 0x86, 0, 0, 5, _AUTHENTICATE_VERSION, block >> 8, block & 0xFF, which, slot])


def authenticate_obsolete(block: int, which: Key, slot: int) -> bytes:
    """The older form, of six bytes, which some readers still want (Part 3, 3.2.2.1.5)."""
    return bytes([0xFF, 0x88, block >> 8, block & 0xFF, which, slot])


def read_block(block: int) -> bytes:
    """16 bytes come back."""
    return bytes([0xFF, 0xB0, block >> 8, block & 0xFF, BLOCK_SIZE])


def update_block(block: int, data: bytes) -> bytes:
    """Raises ValueError for anything but 16 bytes into a block of data: keys go by :func:`update_trailer`."""
    require_data_block(block)
    if len(data) != BLOCK_SIZE:
        raise ValueError("a block has 16 bytes")
    return _update(block, data)


def update_trailer(sector: int, trailer: Trailer) -> bytes:
    """The keys and access conditions of a sector: as a Trailer, which cannot hold bits that lock it for ever."""
    block = next(number for number in range(first_block(sector), 256) if is_trailer(number))
    return _update(block, trailer.encode())


def increment(block: int, by: int) -> bytes:
    """Adds to a value block: a data object ``A0`` (the reader writes the result back itself)."""
    return _by_data_object(_INCREMENT, block, by)


def decrement(block: int, by: int) -> bytes:
    """Subtracts from a value block: a data object ``A1``."""
    return _by_data_object(_DECREMENT, block, by)


def require_counted(data: bytes) -> None:
    """Judges the data that :func:`increment` and :func:`decrement` are answered with: ``C0 03`` ‖ number ‖ status.

    Raises CardRefusedError, CardGarbledError.
    """
    if len(data) != len(_STATUS_OBJECT) or data[:2] != _STATUS_OBJECT[:2]:
        raise CardGarbledError("The reader's answer to counting is none: lay the card down again.")
    if data != _STATUS_OBJECT:
        raise CardRefusedError("The card did not count (status %(status)s).", status=data[3:].hex().upper())


def acs_store(block: int, value: int) -> bytes:
    """Makes a value block."""
    return _acs(block, _STORE, value)


def acs_increment(block: int, by: int) -> bytes:
    """Adds to a value block."""
    return _acs(block, _ADD, by)


def acs_decrement(block: int, by: int) -> bytes:
    """Subtracts from a value block."""
    return _acs(block, _SUBTRACT, by)


def acs_copy(source: int, target: int) -> bytes:
    """Restore and transfer: within one sector."""
    require_data_block(target)
    return bytes([0xFF, 0xD7, 0, source, 2, _COPY, target])


def acs_read_value(block: int) -> bytes:
    """Four bytes come back: signed, most significant first."""
    return bytes([0xFF, 0xB1, 0, block, 4])


def _update(block: int, data: bytes) -> bytes:
    return bytes([0xFF, 0xD6, block >> 8, block & 0xFF, len(data)]) + data


def _by_data_object(tag: int, block: int, by: int) -> bytes:
    require_data_block(block)
    inside = bytes([0x80, 1, block, 0x81, 4]) + by.to_bytes(4, "little", signed=True)
    data = bytes([tag, len(inside)]) + inside
    return _DATA_OBJECTS + bytes([len(data)]) + data + b"\x00"


def _acs(block: int, operation: int, value: int) -> bytes:
    require_data_block(block)
    return bytes([0xFF, 0xD7, 0, block, 5, operation]) + value.to_bytes(4, signed=True)
