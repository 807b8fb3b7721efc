"""Checksums agree with the catalogue's check values and with the standard library's CRC-32."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.crc import crc16, crc32, reflected_crc
from tests.drivers.cards.vectors import Handler, Values, check, each_of, text


def _crc(inputs: Values) -> Values:
    message = bytes.fromhex(inputs["message"])
    if inputs["algorithm"] == "CRC-16/MODBUS":
        polynomial, initial = int(inputs["polynomial"], 16), int(inputs["initial"], 16)
        return {"wire": text(reflected_crc(message, polynomial=polynomial, initial=initial, size=2))}
    return {"wire": text({"CRC-32/JAMCRC": crc32, "CRC-16/ISO-IEC-14443-3-A": crc16}[inputs["algorithm"]](message))}


HANDLERS: dict[str, Handler] = {"CRC": _crc}


@each_of("crc")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


@given(st.binary(max_size=100))
def test_crc32_is_the_common_one_without_its_final_inversion(data: bytes) -> None:
    assert int.from_bytes(crc32(data), "little") == zlib.crc32(data) ^ 0xFFFFFFFF
