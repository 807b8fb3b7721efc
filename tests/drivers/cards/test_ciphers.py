"""The ciphers undo themselves, chain from their initial vector, and show no key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ciphers import BlockCipher, marked_padded, zero_padded

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@pytest.mark.parametrize("cipher", [BlockCipher.aes(KEY), BlockCipher.des(KEY), BlockCipher.des(KEY[:8])])
@given(data=st.binary(max_size=64), iv=st.binary(min_size=16, max_size=16))
def test_decrypt_undoes_encrypt(cipher: BlockCipher, data: bytes, iv: bytes) -> None:
    whole, vector = marked_padded(data, cipher.block_size), iv[: cipher.block_size]
    assert cipher.decrypt(cipher.encrypt(whole, vector), vector) == whole
    assert b"".join(cipher.blocks(whole)) == whole


def test_des_agrees_with_the_standard() -> None:
    """FIPS 81, appendix B."""
    cipher = BlockCipher.des(bytes.fromhex("0123456789ABCDEF"))
    assert cipher.encrypt(b"Now is t") == bytes.fromhex("3FA40E8A984D4815")


def test_a_key_of_two_halves_that_are_equal_is_single_des() -> None:
    assert BlockCipher.des(KEY[:8] * 2).encrypt(bytes(8)) == BlockCipher.des(KEY[:8]).encrypt(bytes(8))
    assert BlockCipher.des(KEY).encrypt(bytes(8)) == BlockCipher.des(KEY + KEY[:8]).encrypt(bytes(8))


@given(st.binary(max_size=40))
def test_padding_fills_whole_blocks(data: bytes) -> None:
    assert zero_padded(data, 8).rstrip(b"\x00") == data.rstrip(b"\x00")
    marked = marked_padded(data, 8)
    assert len(marked) % 8 == 0
    assert marked.rstrip(b"\x00") == data + b"\x80"


def test_shows_no_key() -> None:
    assert KEY.hex() not in repr(BlockCipher.aes(KEY)).lower()
    assert repr(KEY) not in repr(BlockCipher.des(KEY))
