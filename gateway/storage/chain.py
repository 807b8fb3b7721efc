"""The journal's hash chain: what is hashed, byte by byte.

hash = SHA-256("gatehouse/journal/v1" ‖ 00 ‖ prev (32 bytes) ‖ seq (8) ‖ at (8, milliseconds, signed) ‖ the
UTF-8 of boot, kind, actor, target and body, each after its length (4) ‖ length of the commitment
(1: 0 or 32) ‖ commitment). Integers are big-endian. The first record's ``prev`` is 32 zero bytes.

Personal data is not hashed itself: the chain holds HMAC-SHA256(salt, canonical JSON), RFC 2104, so
that erasing salt and text leaves the chain valid and the commitment meaningless.
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

GENESIS: Final = bytes(32)
_DOMAIN: Final = b"gatehouse/journal/v1\0"
_encode: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_NUMBERS: Final = struct.Struct(">Qq")


class Row(NamedTuple):
    """One record as the table ``journal`` holds it, in the order of its columns."""

    seq: int
    at: int
    boot: str
    kind: str
    actor: str
    target: str
    body: str
    pii_commit: bytes | None
    prev: bytes
    hash: bytes


def canonical(value: Mapping[str, object]) -> str:
    """JSON with sorted keys, no spaces, no NaN: one text for one value."""
    return _encode(value)


def commitment(salt: bytes, text: str) -> bytes:
    """What the chain keeps of personal data."""
    return hmac.digest(salt, text.encode(), "sha256")


def link(prev: bytes, seq: int, at: int, texts: tuple[str, str, str, str, str], pii_commit: bytes | None) -> bytes:
    """The hash of a record; ``texts`` are boot, kind, actor, target and body."""
    parts = [_DOMAIN, prev, _NUMBERS.pack(seq, at)]
    for text in texts:
        encoded = text.encode()
        parts += (len(encoded).to_bytes(4), encoded)
    commit = pii_commit or b""
    parts += (len(commit).to_bytes(1), commit)
    return hashlib.sha256(b"".join(parts)).digest()


def link_of(row: Row) -> bytes:
    """The hash a row should have, given all its other columns."""
    return link(row.prev, row.seq, row.at, row[2:7], row.pii_commit)
