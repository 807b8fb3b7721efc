"""Card bits become the identity the reader was set to send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp.protocol.card_bits import Presents, identity_of_bits
from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity, IdentityKind
from gateway.domain.wiegand import FORMATS


def test_trailing_bits_are_ignored() -> None:
    """A published osdp_RAW payload of 26 bits has rubbish in its last six: both fillings read alike."""
    frame = FORMATS[26].encode(0x9A458E) << 6
    for filling in (0, 0x16, 0x3F):
        identity = identity_of_bits(Presents.WIEGAND, 26, (frame | filling).to_bytes(4))
        assert identity == Identity.wiegand(24, 0x9A458E)


def test_wrong_parity_is_no_card() -> None:
    """The published frame CD22C716 carries a wrong odd parity bit (ryanhz/osdp-python, tests/test_reply.py)."""
    with pytest.raises(MalformedError):
        identity_of_bits(Presents.WIEGAND, 26, bytes.fromhex("CD22C716"))


def test_a_uid_forward_and_reversed() -> None:
    """The same bytes, in the order the reader is set to."""
    data = bytes.fromhex("04A1B2C3")
    assert identity_of_bits(Presents.UID, 32, data).value == data
    assert identity_of_bits(Presents.UID_REVERSED, 32, data).value == data[::-1]


def test_a_reader_with_the_read_key() -> None:
    """Eight bytes are the number in our application; a card without it shows its UID, and never passes for one."""
    number = bytes.fromhex("0102030405060708")
    assert identity_of_bits(Presents.SECURE, 64, number) == Identity(IdentityKind.SECURE, number)
    for uid in (number[:4], number[:7], number + b"\x09\x0a"):
        assert identity_of_bits(Presents.SECURE, len(uid) * 8, uid) == Identity(IdentityKind.UID, uid)
    with pytest.raises(MalformedError):
        identity_of_bits(Presents.UID, 64, number)


@given(st.sampled_from(Presents), st.integers(-1, 200), st.binary(max_size=20))
def test_any_bits_are_an_identity_or_malformed(presents: Presents, bits: int, data: bytes) -> None:
    """No other error comes out, whatever the reader sends."""
    try:
        identity = identity_of_bits(presents, bits, data)
    except MalformedError:
        return
    assert identity.kind in {IdentityKind.UID, IdentityKind.WIEGAND, IdentityKind.SECURE}
