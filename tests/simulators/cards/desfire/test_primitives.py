"""The card's own ciphers and checksums agree with published values."""

from typing import Any

import pytest

from simulators.cards.desfire.primitives import BlockCipher, cmac, crc16, crc32
from tests.drivers.cards.vectors import load

Values = dict[str, Any]
CHECKSUMS = {"CRC-32/JAMCRC": crc32, "CRC-16/ISO-IEC-14443-3-A": crc16}


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize("vector", load("cmac"), ids=lambda vector: vector["id"])
def test_cmac(vector: Values) -> None:
    """NIST SP 800-38B; messages whole and cut; the subkeys show in a message of none or one block."""
    cipher = BlockCipher(raw(vector["inputs"]["key"]), aes=vector["id"].startswith("AES"))
    if "message" in vector["inputs"]:
        assert cmac(cipher, raw(vector["inputs"]["message"])) == raw(vector["expected"]["cmac"])
        return
    for message, subkey in ((raw(vector["expected"]["K1"]), "K1"), (b"", "K2")):
        last = message or b"\x80" + bytes(15)
        mixed = bytes(a ^ b for a, b in zip(last, raw(vector["expected"][subkey]), strict=True))
        assert cmac(cipher, message) == cipher.encrypt(mixed)


@pytest.mark.parametrize(
    "vector",
    [vector for vector in load("crc") if vector["inputs"]["algorithm"] in CHECKSUMS],
    ids=lambda vector: vector["id"],
)
def test_checksums(vector: Values) -> None:
    """In the order of the wire."""
    checksum = CHECKSUMS[vector["inputs"]["algorithm"]]
    assert checksum(raw(vector["inputs"]["message"])) == raw(vector["expected"]["wire"])
