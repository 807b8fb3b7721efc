"""The token of a slip is signed, compact and strict: whatever was changed is refused, under a named code."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.slip import ConsentMethod, Item, SlipClaims
from gateway.domain.slip_verdict import Code
from gateway.signing import base45
from gateway.signing.cbor import dumps
from gateway.signing.cose import sign1
from gateway.signing.crc import crc16_ibm3740
from gateway.signing.keys import SigningKey
from gateway.signing.slip_token import (
    EPOCH,
    PREFIX,
    KnownKey,
    SlipKeys,
    TokenRefusedError,
    encode,
    items_digest,
    minutes,
    read,
    unix,
)
from tests.gateway.signing.slip_samples import CLAIMS, ITEMS, KEYS, TEXT

GOLDEN = json.loads((Path(__file__).parents[2] / "vectors" / "slip_token.json").read_text())
REFUSALS = {
    Code.NOT_A_SLIP,
    Code.VERSION_TOO_NEW,
    Code.UNREADABLE,
    Code.UNKNOWN_KEY,
    Code.KEY_RETIRED,
    Code.BAD_SIGNATURE,
    Code.MALFORMED,
}
AAD = b"gatehouse/slip/1"


def raw(text: str) -> bytes:
    """The signed message in a text, without its checksum."""
    return base45.decode(text.removeprefix(PREFIX))[:-2]


def wrapped(cose: bytes) -> str:
    """A message as a text with a right checksum, as a forger would make it."""
    return PREFIX + base45.encode(cose + crc16_ibm3740(cose).to_bytes(2))


def signed(payload: object) -> str:
    """Anything, signed by our desk."""
    return wrapped(sign1(dumps(payload), KEYS.key, external_aad=AAD, kid=KEYS.kid, tagged=False))


def code_of(text: str, keys: SlipKeys = KEYS) -> Code:
    with pytest.raises(TokenRefusedError) as refused:
        read(text, keys.known)
    return refused.value.code


def elements(claims: SlipClaims = CLAIMS) -> list[Any]:
    """The payload of a token, as the layout lists it."""
    posts = sum(1 << number for number in claims.gates)
    head = [claims.site, claims.slip_no, claims.rev << 4 | claims.flags, claims.iat_min, claims.ttl_min]
    middle = [posts << 5 | claims.home, claims.unit, claims.plate, [int(claims.consent), claims.consent_min_before]]
    return [*head, *middle, claims.items, claims.total_qty, claims.items_digest]


def test_golden() -> None:
    """The token of record: same claims, same key, same text, byte for byte."""
    keys = SlipKeys.of(SigningKey(bytes.fromhex(GOLDEN["seed"])), number=GOLDEN["key_number"])
    claims = read(GOLDEN["text"], keys.known).claims
    assert encode(claims, keys) == GOLDEN["text"]
    assert raw(GOLDEN["text"]).hex() == GOLDEN["cose"]
    assert {**asdict(claims), "gates": sorted(claims.gates), "items_digest": claims.items_digest.hex()} == GOLDEN[
        "claims"
    ]
    assert items_digest(Item(**item) for item in GOLDEN["items"]).hex() == GOLDEN["claims"]["items_digest"]


def test_layout() -> None:
    """The payload is the documented array, under the documented address."""
    assert signed(elements()) == TEXT


def test_fits_version_8() -> None:
    """Twenty lines, a plate with a Chinese character and a five-digit number still fit QR version 8-M."""
    long = replace(CLAIMS, items=20, total_qty=120, slip_no=99_999, gates=frozenset({0, 1, 2}))
    for claims in (CLAIMS, long):
        text = encode(claims, KEYS)
        assert len(raw(text)) + 2 <= 144
        symbol = segno.make(text, error="m", boost_error=False)
        assert (symbol.designator, symbol.mode) == ("8-M", "alphanumeric")


def test_camera_reads_it() -> None:
    """A QR code drawn by the printer's library and read by a scanner's is the token again."""
    matrix = segno.make(TEXT, error="m", boost_error=False).matrix_iter(scale=4, border=4)
    pixels = [bytes(0 if dark else 255 for dark in row) for row in matrix]
    image = memoryview(b"".join(pixels)).cast("B", (len(pixels), len(pixels[0])))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [TEXT]


@given(
    st.builds(
        SlipClaims,
        site=st.integers(0, 2**32 - 1),
        slip_no=st.integers(0, 2**32 - 1),
        rev=st.integers(0, 2**12 - 1),
        flags=st.integers(0, 15),
        iat_min=st.integers(0, 2**32 - 1),
        ttl_min=st.integers(0, 2**32 - 1),
        gates=st.frozensets(st.integers(0, 31)),
        home=st.integers(0, 31),
        unit=st.none() | st.text(max_size=32),
        plate=st.none() | st.text(max_size=32),
        consent=st.sampled_from(ConsentMethod),
        consent_min_before=st.integers(0, 2**32 - 1),
        items=st.integers(0, 40),
        total_qty=st.integers(0, 2**32 - 1),
        items_digest=st.binary(min_size=16, max_size=16),
    )
)
def test_round_trip(claims: SlipClaims) -> None:
    """Whatever is signed is read back."""
    assert read(encode(claims, KEYS), KEYS.known).claims == claims


def test_every_flipped_bit() -> None:
    """No single bit of the token can change: a damaged read is UNREADABLE, a forged checksum does not help."""
    data = base45.decode(TEXT.removeprefix(PREFIX))
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert code_of(PREFIX + base45.encode(bytes(flipped))) is Code.UNREADABLE
    cose = data[:-2]
    for bit in range(len(cose) * 8):
        flipped = bytearray(cose)
        flipped[bit // 8] ^= 1 << bit % 8
        assert code_of(wrapped(bytes(flipped))) in {Code.BAD_SIGNATURE, Code.UNKNOWN_KEY, Code.MALFORMED}


def test_every_changed_character() -> None:
    """A character read as its neighbour is UNREADABLE, in the prefix not even a slip."""
    for at, character in enumerate(TEXT):
        other = base45.ALPHABET[(base45.ALPHABET.index(character) + 1) % 45]
        assert code_of(TEXT[:at] + other + TEXT[at + 1 :]) in REFUSALS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.NOT_A_SLIP),
        ("https://example.org/pay?x=1", Code.NOT_A_SLIP),
        ("<script>alert(1)</script>", Code.NOT_A_SLIP),
        ("RS:ABC", Code.NOT_A_SLIP),
        ("RSX:ABC", Code.NOT_A_SLIP),
        (TEXT + "0" * 2000, Code.NOT_A_SLIP),
        ("RS2:" + TEXT[4:], Code.VERSION_TOO_NEW),
        ("RS12:", Code.VERSION_TOO_NEW),
        ("RS1:", Code.UNREADABLE),
        (TEXT[:-1], Code.UNREADABLE),
        (TEXT + TEXT, Code.UNREADABLE),
        (TEXT[:40] + TEXT[43:], Code.UNREADABLE),
        (wrapped(b""), Code.MALFORMED),
        (wrapped(b"\xd2" + raw(TEXT)), Code.MALFORMED),
        (wrapped(bytes(600)), Code.MALFORMED),
    ],
)
def test_refusals(text: str, code: Code) -> None:
    """Not ours, newer, badly read, or nonsense: each under its own name."""
    assert code_of(text) is code


def test_surrounding_space() -> None:
    """What scanners put around a text is no part of it."""
    assert read(f"\t{TEXT}\r\n", KEYS.known).claims == CLAIMS


def test_keys() -> None:
    """A key nobody knows, and another key under a known name."""
    stranger = SigningKey(bytes(32))
    assert code_of(encode(CLAIMS, SlipKeys.of(stranger, number=9))) is Code.UNKNOWN_KEY
    assert code_of(encode(CLAIMS, SlipKeys.of(stranger))) is Code.BAD_SIGNATURE


def test_two_keys() -> None:
    """While keys change, slips of both are read; each says which key signed it."""
    new = SlipKeys.of(SigningKey(bytes(32)), number=2)
    both = {**KEYS.known, **new.known}
    assert read(TEXT, both).kid == b"\x00\x01"
    assert read(encode(CLAIMS, new), both).kid == b"\x00\x02"


@pytest.mark.parametrize(
    ("key", "good"),
    [
        (KnownKey(KEYS.key.public, sign_until_min=CLAIMS.iat_min + 1), True),
        (KnownKey(KEYS.key.public, sign_until_min=CLAIMS.iat_min), False),
        (KnownKey(KEYS.key.public, max_slip_no=CLAIMS.slip_no), True),
        (KnownKey(KEYS.key.public, max_slip_no=CLAIMS.slip_no - 1), False),
    ],
)
def test_withdrawn_key(key: KnownKey, *, good: bool) -> None:
    """A withdrawn key still covers what it signed before, by number and by time, and nothing after."""
    keys = SlipKeys(KEYS.kid, KEYS.key, {KEYS.kid: key})
    if good:
        assert read(TEXT, keys.known).claims == CLAIMS
    else:
        assert code_of(TEXT, keys) is Code.KEY_RETIRED


def test_another_message_of_the_same_key() -> None:
    """A signature made for another purpose opens nothing."""
    moved = sign1(dumps(elements()), KEYS.key, external_aad=b"gatehouse/other", kid=KEYS.kid, tagged=False)
    assert code_of(wrapped(moved)) is Code.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, -1),
        (0, True),
        (0, "17"),
        (1, 2**32),
        (2, 2**16),
        (3, None),
        (4, 1.5),
        (5, 2**37),
        (6, 3),
        (6, "x" * 33),
        (7, b"plate"),
        (8, [2]),
        (8, [9, 0]),
        (8, 2),
        (9, 41),
        (10, -1),
        (11, bytes(15)),
        (11, "x" * 16),
    ],
)
def test_malformed(at: int, value: object) -> None:
    """Signed nonsense is still nonsense."""
    changed = elements()
    changed[at] = value
    assert code_of(signed(changed)) is Code.MALFORMED


@pytest.mark.parametrize("payload", [None, {}, 1, "x", [], elements()[:-1]])
def test_malformed_whole(payload: object) -> None:
    """Anything that is no array of twelve."""
    assert code_of(signed(payload)) is Code.MALFORMED


def test_later_elements() -> None:
    """What a later version appends is signed but not read."""
    assert read(signed([*elements(), [3, 4, 5, 6, 7], b"\x01\x02"]), KEYS.known).claims == CLAIMS


@given(st.text(max_size=300) | st.text(base45.ALPHABET, max_size=300).map(PREFIX.__add__))
def test_any_text(text: str) -> None:
    """Any text at all gets a code, never another exception."""
    assert code_of(text) in REFUSALS


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    """Any bytes under a right checksum get a code."""
    assert code_of(wrapped(data)) in REFUSALS


@given(st.binary(max_size=200))
def test_any_payload(data: bytes) -> None:
    """Any bytes that our desk signed are malformed, unless they are a slip."""
    cose = sign1(data, KEYS.key, external_aad=AAD, kid=KEYS.kid, tagged=False)
    assert code_of(wrapped(cose)) is Code.MALFORMED


def test_digest_binds_the_list() -> None:
    """Each field of each line counts; the same name composed differently does not."""
    changes: list[dict[str, Any]] = [
        {"name": "沙發"},
        {"qty": 2},
        {"unit": "套"},
        {"serial": "SN-1"},
        {"line": 9},
    ]
    digests = {items_digest([replace(ITEMS[0], **change), *ITEMS[1:]]) for change in changes}
    assert len(digests | {items_digest(ITEMS)}) == 6
    assert items_digest([Item(1, "Caf\u00e9", 1)]) == items_digest([Item(1, "Cafe\u0301", 1)])


def test_minutes() -> None:
    """Minutes round down; a minute begins at its own second."""
    assert (minutes(EPOCH), minutes(EPOCH + 59.9), minutes(EPOCH + 60), minutes(EPOCH - 1)) == (0, 0, 1, -1)
    assert unix(minutes(EPOCH + 125)) == EPOCH + 120
