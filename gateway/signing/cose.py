"""COSE_Sign1 (RFC 9052, 4.2) with EdDSA over Ed25519: whitelists and commands, and goods-release slips.

``[protected: bstr .cbor {1: -8, 4: kid}, unprotected: {}, payload: bstr, signature: bstr .size 64]``,
with tag 18 in front or without. Signed is ``["Signature1", protected, external_aad, payload]`` (4.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from gateway.domain.errors import GatehouseError, MalformedError
from gateway.signing.cbor import DEFAULT_LIMIT, dumps, loads
from gateway.signing.keys import SIGNATURE_SIZE, PublicKey, SigningKey

__all__ = ["BadSignatureError", "UnknownKeyError", "Verified", "dumps", "loads", "sign1", "verify1"]

_TAG_18: Final = b"\xd2"
_ALG: Final = 1
_KID: Final = 4
_EDDSA: Final = -8


class UnknownKeyError(GatehouseError):
    """The message names a key that the reader does not hold."""


class BadSignatureError(GatehouseError):
    """The signature does not fit: forged, damaged, or moved to another place."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was signed, and the name of the key that signed it."""

    kid: bytes
    payload: bytes


def sign1(
    payload: bytes, key: SigningKey, *, external_aad: bytes, kid: bytes | None = None, tagged: bool = True
) -> bytes:
    """The signed message. ``kid`` defaults to the key's own eight bytes."""
    protected = dumps({_ALG: _EDDSA, _KID: key.kid if kid is None else kid})
    signature = key.sign(_to_be_signed(protected, external_aad, payload))
    return (_TAG_18 if tagged else b"") + cbor2.dumps([protected, {}, payload, signature])


def verify1(
    message: bytes,
    keys: Mapping[bytes, PublicKey],
    *,
    external_aad: bytes,
    tagged: bool = True,
    limit: int = DEFAULT_LIMIT,
) -> Verified:
    """Reads and verifies a signed message of at most ``limit`` bytes; ``keys`` by their kid.

    Raises MalformedError, UnknownKeyError or BadSignatureError. The received bytes are verified, never
    an encoding made anew.
    """
    protected, payload, signature = _parts(message, tagged=tagged, limit=limit)
    kid = _kid(protected)
    key = keys.get(kid)
    if key is None:
        raise UnknownKeyError("The key %(kid)s is not known here.", kid=kid.hex())
    if not key.verifies(signature, _to_be_signed(protected, external_aad, payload)):
        raise BadSignatureError("The signature of key %(kid)s does not fit.", kid=kid.hex())
    return Verified(kid, payload)


def _parts(message: bytes, *, tagged: bool, limit: int) -> tuple[bytes, bytes, bytes]:
    if tagged:
        if message[:1] != _TAG_18:
            raise MalformedError("A signed message starts with CBOR tag 18.")
        message = message[1:]
    match loads(message, limit=limit):
        case [bytes(protected), {**unprotected}, bytes(payload), bytes(signature)] if (
            not unprotected and len(signature) == SIGNATURE_SIZE
        ):
            return protected, payload, signature
    raise MalformedError("This is not a signed message.")


def _kid(protected: bytes) -> bytes:
    header: Any = loads(protected, limit=64)
    if not isinstance(header, dict) or header.keys() != {_ALG, _KID} or header[_ALG] != _EDDSA:
        raise MalformedError("A signed message names EdDSA and a key, and nothing else.")
    kid = header[_KID]
    if not isinstance(kid, bytes):
        raise MalformedError("The name of a key is a byte string.")
    return kid


def _to_be_signed(protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, external_aad, payload])
