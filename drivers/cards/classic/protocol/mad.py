"""The checksum of the directory in sector 0. NXP AN10787, MIFARE Application Directory, 3.7."""

from typing import Final

_POLYNOMIAL: Final = 0x1D
_PRESET: Final = 0xC7


def crc8(directory: bytes) -> int:
    """Over the info byte and the application ids: bytes 1 to 31 of the blocks 1 and 2."""
    crc = _PRESET
    for byte in directory:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ (_POLYNOMIAL if crc & 0x80 else 0)
        crc &= 0xFF
    return crc
