"""The journal's hashes are these bytes and no others."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from gateway.storage.chain import GENESIS, Row, canonical, commitment, link, link_of

ROW = Row(1, 1_760_000_000_123, "b", "k.x", "user:3", "card:4", '{"a":1}', None, GENESIS, bytes(32))


def test_golden_bytes() -> None:
    """Laid out by hand from the module's description."""
    laid_out = (
        b"gatehouse/journal/v1\0"
        + bytes(32)
        + bytes.fromhex("0000000000000001 00000199c82cc07b")
        + b"\0\0\0\x01b\0\0\0\x03k.x\0\0\0\x06user:3\0\0\0\x06card:4\0\0\0\x07"
        + b'{"a":1}\0'
    )
    assert link_of(ROW) == hashlib.sha256(laid_out).digest()
    committed = ROW._replace(pii_commit=b"\x11" * 32)
    assert link_of(committed) == hashlib.sha256(laid_out[:-1] + b"\x20" + b"\x11" * 32).digest()


def test_commitment_is_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert commitment(b"Jefe", "what do ya want for nothing?").hex() == expected


def test_canonical_json() -> None:
    """Sorted, tight, unescaped."""
    assert canonical({"b": [1, None], "a": "门"}) == '{"a":"门","b":[1,null]}'


@given(st.lists(st.text(max_size=4), min_size=5, max_size=5), st.lists(st.text(max_size=4), min_size=5, max_size=5))
def test_no_two_records_share_bytes(one: list[str], two: list[str]) -> None:
    """Text cannot move from one field to the next unseen."""
    same = link(GENESIS, 1, 2, tuple(one), None) == link(GENESIS, 1, 2, tuple(two), None)  # type: ignore[arg-type]  # five
    assert same == (one == two)
