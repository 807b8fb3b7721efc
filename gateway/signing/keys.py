"""Ed25519 keys (RFC 8032) and the short names they go by."""

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.domain.errors import MalformedError

KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
KID_SIZE: Final = 8


class PublicKey:
    """The half of a key pair that verifies: 32 raw bytes (RFC 8032, 5.1.5)."""

    __slots__ = ("_key", "kid", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_SIZE:
            raise MalformedError("A public key has 32 bytes, not %(length)s.", length=len(raw))
        self.raw = raw
        self.kid = hashlib.sha256(raw).digest()[:KID_SIZE]
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the 64-byte signature of the message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey(kid={self.kid.hex()})"


class SigningKey:
    """A key pair made of a 32-byte random seed (RFC 8032, 5.1.5). Never shows the seed."""

    __slots__ = ("_key", "_seed", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_SIZE:
            raise MalformedError("A signing key is made of 32 random bytes, not %(length)s.", length=len(seed))
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    @property
    def kid(self) -> bytes:
        """First 8 bytes of the SHA-256 of the raw public key."""
        return self.public.kid

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""
        return self._key.sign(message)

    def export_seed(self) -> bytes:
        """The 32 secret bytes, to be sealed by a Keyring and by nothing else."""
        return self._seed

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid.hex()})"
