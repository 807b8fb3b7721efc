"""Signs and opens messages; a signature holds on one topic only."""

from collections.abc import Mapping
from typing import Final

from gateway.signing.cose import sign1, verify1
from gateway.signing.keys import PublicKey, SigningKey

# Protected header, signature and framing around a payload.
SIGNATURE_OVERHEAD: Final = 100


def seal(topic: str, payload: bytes, key: SigningKey) -> bytes:
    """The payload as COSE_Sign1 for this topic (RFC 9052, 4.2; ``external_aad`` is the topic in UTF-8)."""
    return sign1(payload, key, external_aad=topic.encode())


def unseal(topic: str, message: bytes, keys: Mapping[bytes, PublicKey], limit: int) -> bytes:
    """The payload; raises MalformedError, UnknownKeyError or BadSignatureError."""
    return verify1(message, keys, external_aad=topic.encode(), limit=limit + SIGNATURE_OVERHEAD).payload
