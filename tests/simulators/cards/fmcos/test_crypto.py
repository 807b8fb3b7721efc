"""DES and MACs of the card agree with standards and with public traces."""

import pytest

from simulators.cards.fmcos import crypto

KEY = "0123456789ABCDEFFEDCBA9876543210"


@pytest.mark.parametrize(
    ("key", "block", "cipher"),
    [
        ("0123456789ABCDEF", "4E6F772069732074", "3FA40E8A984D4815"),  # FIPS 81, appendix B
        ("FFFFFFFFFFFFFFFF", "CB849E4C00000000", "CB085B9727B1D1A8"),  # bbs.21ic.com, icview-3130094: an FM1208
        ("FFFFFFFFFFFFFFFF" * 2, "CB849E4C00000000", "CB085B9727B1D1A8"),
        ("F49DC1BA1B4DEB52647186BC59106C0D", "0123456789ABCDEF", "EF0B446F58F63F0E"),
    ],
)
def test_blocks(key: str, block: str, cipher: str) -> None:
    """Both ways; a long key of equal halves is the short one."""
    raw = bytes.fromhex(key)
    assert crypto.encrypt(raw, bytes.fromhex(block)).hex().upper() == cipher
    assert crypto.decrypt(raw, bytes.fromhex(cipher)).hex().upper() == block


@pytest.mark.parametrize(
    ("key", "message", "mac"),
    [
        (KEY, b"Now is the time for all ", "E9086230"),  # ISO/IEC 9797-1:1999, annex B, algorithm 3, padding method 2
        (
            "7962D9ECE03D1ACD4C76089DCE131543",  # ICAO Doc 9303-11, appendix D.3
            bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"),
            "5F1448EE",
        ),
    ],
)
def test_macs_of_long_keys(key: str, message: bytes, mac: str) -> None:
    """The first four of the eight bytes."""
    assert crypto.mac(bytes.fromhex(key), message, bytes(8)).hex().upper() == mac


def test_the_mac_of_a_short_key_ends_without_the_second_half() -> None:
    """A plain CBC-MAC: for one block, its encryption."""
    key, message = bytes.fromhex("0123456789ABCDEF"), b"1234567"
    assert crypto.mac(key, message, bytes(8)) == crypto.encrypt(key, message + b"\x80")[:4]


def test_the_challenge_is_the_initial_value() -> None:
    """XORed into the first block."""
    key = bytes.fromhex(KEY)
    challenge = bytes.fromhex("1122334400000000")
    first = bytes(a ^ b for a, b in zip(challenge, b"ABCDEFGH", strict=True))
    assert crypto.mac(key, b"ABCDEFGH", challenge) == crypto.mac(key, first, bytes(8))


@pytest.mark.parametrize(("length", "padded"), [(0, 8), (7, 8), (8, 16), (9, 16)])
def test_padding_is_never_empty(length: int, padded: int) -> None:
    """80, then zeros."""
    data = crypto.pad(b"\x01" * length)
    assert len(data) == padded
    assert data[length:] == b"\x80".ljust(padded - length, b"\0")
