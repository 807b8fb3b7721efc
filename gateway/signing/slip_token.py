"""The text in a release slip's QR code.

Layout, version 1::

    text    = "RS1:" + Base45(cose + CRC-16/IBM-3740(cose), big endian)
    cose    = COSE_Sign1 (RFC 9052, 4.2), untagged, protected {1: -8, 4: kid of 2 bytes}, Ed25519,
              external_aad "gatehouse/slip/1"
    payload = CBOR array, deterministic (RFC 8949, 4.2.1):
       0 site number         6 unit code, or null
       1 slip number         7 plate, or null
       2 rev << 4 | flags    8 [consent method, minutes from the consent to the issue]
       3 iat                 9 number of lines
       4 ttl                10 sum of the quantities
       5 posts << 5 | home  11 items digest, 16 bytes

``iat`` counts minutes since 2025-01-01T00:00Z, ``ttl`` minutes; the slip is good in [iat, iat + ttl).
``posts`` has bit n set when post number n may release. Elements after the twelfth are signed but not
read. 144 bytes with the checksum still fit a QR code of version 8 at level M.

The checksum is no security. It tells a damaged read (UNREADABLE) from a forgery (BAD_SIGNATURE).
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.slip import MAX_ITEMS, MAX_TEXT, ConsentMethod, Item, SlipClaims
from gateway.domain.slip_verdict import Code
from gateway.signing import base45
from gateway.signing.cbor import dumps, loads
from gateway.signing.cose import BadSignatureError, UnknownKeyError, sign1, verify1
from gateway.signing.crc import crc16_ibm3740
from gateway.signing.keys import PublicKey, SigningKey
from gateway.signing.slip_keyboard import readings

EPOCH: Final = 1735689600  # 2025-01-01T00:00Z in unix seconds
PREFIX: Final = "RS1:"
DIGEST_SIZE: Final = 16
_AAD: Final = b"gatehouse/slip/1"
_MAX_BYTES: Final = 512


class TokenRefusedError(GatehouseError):
    """A text that is no slip of ours; ``code`` says why."""

    def __init__(self, code: Code) -> None:
        super().__init__("The code cannot be accepted: %(code)s.", code=code)
        self.code = code


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A desk key that posts accept for slips issued before ``sign_until_min`` and numbered up to ``max_slip_no``.

    Both bounds are signed, so a stolen key can be withdrawn without voiding the slips issued before.
    """

    public: PublicKey
    sign_until_min: int | None = None
    max_slip_no: int | None = None

    def covers(self, claims: SlipClaims) -> bool:
        """Whether the key was still in use when this slip was issued."""
        in_time = self.sign_until_min is None or claims.iat_min < self.sign_until_min
        return in_time and (self.max_slip_no is None or claims.slip_no <= self.max_slip_no)


@dataclass(frozen=True, slots=True)
class SlipKeys:
    """The key that this desk signs slips with, and all that posts accept, by two-byte name."""

    kid: bytes
    key: SigningKey
    known: Mapping[bytes, KnownKey]

    @classmethod
    def of(cls, key: SigningKey, *, number: int = 1) -> Self:
        """One desk with one key, named by an assigned number of 1 to 65535."""
        kid = number.to_bytes(2)
        return cls(kid, key, {kid: KnownKey(key.public)})


@dataclass(frozen=True, slots=True)
class Reading:
    """A genuine token. ``layout`` names the keyboard layout it had to be repaired from, if any."""

    claims: SlipClaims
    kid: bytes
    layout: str | None = None


def minutes(unix_s: float) -> int:
    """Whole minutes since 2025-01-01T00:00Z, rounded down."""
    return int((unix_s - EPOCH) // 60)


def unix(minute: int) -> int:
    """The unix second at which that minute begins."""
    return EPOCH + minute * 60


def items_digest(items: Iterable[Item]) -> bytes:
    """What binds the list of goods to the token.

    ``SHA-256("relslip-items/1" + zero byte + CBOR([[line, NFC(name), qty, unit, serial?]…]))``, the first 16 bytes.
    """
    rows: list[list[object]] = []
    for item in items:
        row: list[object] = [item.line, _nfc(item.name), item.qty, item.unit]
        rows.append(row if item.serial is None else [*row, item.serial])
    return hashlib.sha256(b"relslip-items/1\0" + dumps(rows)).digest()[:DIGEST_SIZE]


def encode(claims: SlipClaims, keys: SlipKeys) -> str:
    """The signed text for the QR code."""
    cose = sign1(dumps(_payload(claims)), keys.key, external_aad=_AAD, kid=keys.kid, tagged=False)
    return PREFIX + base45.encode(cose + crc16_ibm3740(cose).to_bytes(2))


def read(text: str, known: Mapping[bytes, KnownKey]) -> Reading:
    """The genuine token in a scanned or typed text.

    Raises TokenRefusedError with NOT_A_SLIP, VERSION_TOO_NEW, UNREADABLE, UNKNOWN_KEY, KEY_RETIRED,
    BAD_SIGNATURE or MALFORMED, and nothing else.
    """
    layout, cose = _unwrap(text)
    kid, payload = _verify(cose, known)
    claims = _claims(payload)
    if not known[kid].covers(claims):
        raise TokenRefusedError(Code.KEY_RETIRED)
    return Reading(claims, kid, layout)


def _unwrap(text: str) -> tuple[str | None, bytes]:
    if len(text) > MAX_TEXT:
        raise TokenRefusedError(Code.NOT_A_SLIP)
    plain = unicodedata.normalize("NFKC", text).strip()  # Base45 never ends in a space: 36 is too high a last digit
    for layout, meant in readings(plain):
        cose = _checked(meant)
        if cose is not None:
            return layout, cose
    raise TokenRefusedError(_kind_of_garbage(plain))


def _checked(text: str) -> bytes | None:
    if not text.startswith(PREFIX):
        return None
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except MalformedError:
        return None
    cose, crc = data[:-2], data[-2:]
    return cose if crc == crc16_ibm3740(cose).to_bytes(2) else None


def _kind_of_garbage(text: str) -> Code:
    head, colon, _ = text[:8].partition(":")
    if not colon or head[:2] != "RS" or not (head[2:].isascii() and head[2:].isdigit()):
        return Code.NOT_A_SLIP
    return Code.VERSION_TOO_NEW if int(head[2:]) > 1 else Code.UNREADABLE


def _verify(cose: bytes, known: Mapping[bytes, KnownKey]) -> tuple[bytes, bytes]:
    publics = {kid: key.public for kid, key in known.items()}
    try:
        verified = verify1(cose, publics, external_aad=_AAD, tagged=False, limit=_MAX_BYTES)
    except UnknownKeyError:
        raise TokenRefusedError(Code.UNKNOWN_KEY) from None
    except BadSignatureError:
        raise TokenRefusedError(Code.BAD_SIGNATURE) from None
    except MalformedError:
        raise TokenRefusedError(Code.MALFORMED) from None
    return verified.kid, verified.payload


def _payload(claims: SlipClaims) -> list[object]:
    posts = sum(1 << number for number in claims.gates)
    return [
        claims.site,
        claims.slip_no,
        claims.rev << 4 | claims.flags,
        claims.iat_min,
        claims.ttl_min,
        posts << 5 | claims.home,
        claims.unit,
        claims.plate,
        [int(claims.consent), claims.consent_min_before],
        claims.items,
        claims.total_qty,
        claims.items_digest,
    ]


def _claims(payload: bytes) -> SlipClaims:
    try:
        return _parse(loads(payload, limit=_MAX_BYTES))
    except (MalformedError, TypeError, ValueError):
        raise TokenRefusedError(Code.MALFORMED) from None


def _parse(value: Any) -> SlipClaims:
    site, slip_no, rev, iat, ttl, posts, unit, plate, consent, lines, total, digest, *_unread = value
    method, before = consent
    return SlipClaims(
        site=_uint(site, 32),
        slip_no=_uint(slip_no, 32),
        rev=_uint(rev, 16) >> 4,
        flags=rev & 0xF,
        iat_min=_uint(iat, 32),
        ttl_min=_uint(ttl, 32),
        gates=frozenset(number for number in range(32) if _uint(posts, 37) >> 5 >> number & 1),
        home=posts & 0x1F,
        unit=_text(unit),
        plate=_text(plate),
        consent=ConsentMethod(_uint(method, 8)),
        consent_min_before=_uint(before, 32),
        items=_lines(lines),
        total_qty=_uint(total, 32),
        items_digest=_digest(digest),
    )


def _uint(value: object, bits: int) -> int:
    if type(value) is not int or not 0 <= value < 1 << bits:  # True is an int too, but not in CBOR
        raise TypeError
    return value


def _lines(value: object) -> int:
    lines = _uint(value, 8)
    if lines > MAX_ITEMS:
        raise ValueError
    return lines


def _text(value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= 32):
        raise TypeError
    return value


def _digest(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
