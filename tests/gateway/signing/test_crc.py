"""The checksum is the CRC catalogue's CRC-16/IBM-3740."""

from gateway.signing.crc import crc16_ibm3740


def test_check_value() -> None:
    """The catalogue's check value, and the start value for no data."""
    assert crc16_ibm3740(b"123456789") == 0x29B1
    assert crc16_ibm3740(b"") == 0xFFFF
