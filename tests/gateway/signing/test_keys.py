"""Ed25519 keys sign as RFC 8032 says and never show their secret."""

import hashlib

import pytest

from gateway.domain.errors import MalformedError
from gateway.signing.keys import PublicKey, SigningKey

# RFC 8032, 7.1: TEST 1 to TEST 3 (secret key, public key, message, signature).
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
            "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_signs_like_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    """The published key pairs make the published signatures, and their public halves verify them."""
    key = SigningKey(bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verifies(bytes.fromhex(signature), bytes.fromhex(message))
    assert not key.public.verifies(bytes.fromhex(signature), bytes.fromhex(message) + b"x")


def test_kid_is_the_start_of_the_hash_of_the_public_key() -> None:
    """The name of a key is eight bytes of the SHA-256 of its public half."""
    key = SigningKey(bytes(32))
    assert key.kid == hashlib.sha256(key.public.raw).digest()[:8]
    assert PublicKey(key.public.raw) == key.public


def test_never_shows_the_seed() -> None:
    """Neither repr nor str of a key contains its secret."""
    key = SigningKey(bytes(range(32)))
    assert bytes(range(32)).hex() not in repr(key) + str(key)
    assert key.export_seed() == bytes(range(32))


def test_refuses_other_sizes() -> None:
    """31 bytes are no key."""
    with pytest.raises(MalformedError):
        SigningKey(bytes(31))
    with pytest.raises(MalformedError):
        PublicKey(bytes(33))
