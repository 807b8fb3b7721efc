"""The checksum that tells a slip read badly from a slip forged."""

from binascii import crc_hqx


def crc16_ibm3740(data: bytes) -> int:
    """CRC-16/IBM-3740 of the CRC catalogue: polynomial 0x1021, start 0xFFFF, nothing reflected, no final xor."""
    return crc_hqx(data, 0xFFFF)
