"""Signed messages verify over the received bytes, at their own place only."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.signing.cose import BadSignatureError, UnknownKeyError, Verified, sign1, verify1
from gateway.signing.keys import SigningKey

KEY = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
KEYS = {KEY.kid: KEY.public}


def test_layout() -> None:
    """Tag 18, the protected header {1: -8, 4: kid}, no unprotected header, payload, 64 bytes of signature."""
    message = sign1(b"payload", KEY, external_aad=b"topic")
    decoded = cbor2.loads(message)
    protected, unprotected, payload, signature = decoded.value
    assert (decoded.tag, unprotected, payload, len(signature)) == (18, {}, b"payload", 64)
    assert cbor2.loads(protected) == {1: -8, 4: KEY.kid}
    signed = cbor2.dumps(["Signature1", protected, b"topic", b"payload"])
    assert KEY.public.verifies(signature, signed)


def test_verifies() -> None:
    """What was signed comes back with the name of its key."""
    assert verify1(sign1(b"x", KEY, external_aad=b"t"), KEYS, external_aad=b"t") == Verified(KEY.kid, b"x")


def test_untagged_with_a_short_kid() -> None:
    """Slips are signed without the tag and under a two-byte name."""
    message = sign1(b"x", KEY, external_aad=b"gatehouse/slip/1", kid=b"\x00\x01", tagged=False)
    assert message[0] == 0x84
    keys = {b"\x00\x01": KEY.public}
    assert verify1(message, keys, external_aad=b"gatehouse/slip/1", tagged=False).payload == b"x"
    with pytest.raises(MalformedError):
        verify1(message, keys, external_aad=b"gatehouse/slip/1")


def test_another_place() -> None:
    """A message moved to another topic does not verify."""
    with pytest.raises(BadSignatureError):
        verify1(sign1(b"x", KEY, external_aad=b"here"), KEYS, external_aad=b"there")


def test_unknown_key() -> None:
    """A key that is not held is named."""
    with pytest.raises(UnknownKeyError, match=KEY.kid.hex()):
        verify1(sign1(b"x", KEY, external_aad=b""), {}, external_aad=b"")


@pytest.mark.parametrize(
    "parts",
    [
        [cbor2.dumps({1: -7, 4: KEY.kid}), {}, b"x", bytes(64)],  # ES256
        [cbor2.dumps({4: KEY.kid}), {}, b"x", bytes(64)],  # no algorithm
        [cbor2.dumps({1: -8}), {}, b"x", bytes(64)],  # no key
        [cbor2.dumps({1: -8, 4: "text"}), {}, b"x", bytes(64)],
        [cbor2.dumps({1: -8, 4: KEY.kid}), {4: KEY.kid}, b"x", bytes(64)],  # an unprotected header
        [cbor2.dumps({1: -8, 4: KEY.kid}), {}, None, bytes(64)],  # detached
        [cbor2.dumps({1: -8, 4: KEY.kid}), {}, b"x", bytes(63)],
        [b"", {}, b"x", bytes(64)],
        [{}, {}, b"x", bytes(64)],
    ],
)
def test_strict(parts: list[object]) -> None:
    """Everything but the one layout is malformed."""
    with pytest.raises(MalformedError):
        verify1(cbor2.dumps(cbor2.CBORTag(18, parts)), KEYS, external_aad=b"")


@given(st.data())
def test_any_damage_is_found(data: st.DataObject) -> None:
    """Flipping any bit of a message leads to one of the three documented errors."""
    message = bytearray(sign1(b"payload", KEY, external_aad=b"t"))
    at = data.draw(st.integers(0, len(message) * 8 - 1))
    message[at // 8] ^= 1 << at % 8
    with pytest.raises((MalformedError, UnknownKeyError, BadSignatureError)):
        verify1(bytes(message), KEYS, external_aad=b"t")


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Noise never verifies and never raises anything undocumented."""
    for tagged in (True, False):
        with pytest.raises((MalformedError, UnknownKeyError, BadSignatureError)):
            verify1(data, KEYS, external_aad=b"", tagged=tagged)
