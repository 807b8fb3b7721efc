"""Checksums of cards, in the order of the wire: least significant byte first."""


def reflected_crc(data: bytes, *, polynomial: int, initial: int, size: int) -> bytes:
    """A CRC that takes the lowest bit first, without final inversion; polynomial and initial value are reflected."""
    crc = initial
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (polynomial if crc & 1 else 0)
    return crc.to_bytes(size, "little")


def crc16(data: bytes) -> bytes:
    """CRC_A of ISO/IEC 14443-3, annex B; secure messaging of the first DESFire uses it too."""
    return reflected_crc(data, polynomial=0x8408, initial=0x6363, size=2)


def crc32(data: bytes) -> bytes:
    """CRC-32 without the final inversion (CRC-32/JAMCRC), as DESFire EV1 and EV2 use it."""
    return reflected_crc(data, polynomial=0xEDB88320, initial=0xFFFFFFFF, size=4)
