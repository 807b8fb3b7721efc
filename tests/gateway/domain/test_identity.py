"""One credential, many faces; each has one spelling and one key."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.domain.identity import (
    Identity,
    IdentityForm,
    IdentityKind,
    KeyMaker,
    bucket_of,
    identity_of_uid,
    is_random_uid,
    normalise_plate,
    parse_uid,
)

UID = bytes.fromhex("04a1b2c3d4e5f6")


@pytest.mark.parametrize("text", ["04a1b2c3d4e5f6", "04 A1 B2 C3 D4 E5 F6", "04:a1:b2:c3:d4:e5:f6"])
def test_a_uid_as_people_write_it(text: str) -> None:
    """With spaces, with colons, in any case."""
    assert parse_uid(text) == UID


@pytest.mark.parametrize("text", ["", "04a1", "04a1b2c3d4", "04a1b2c3d4e5f6zz", "0", "04a1b2c3d4e5f60718293a"])
def test_what_is_no_uid(text: str) -> None:
    """Four, seven or ten bytes of hexadecimal, nothing else."""
    with pytest.raises(MalformedError):
        parse_uid(text)


def test_random_uids_are_told_apart() -> None:
    """Four bytes beginning with 08 (ISO/IEC 14443-3)."""
    assert is_random_uid(bytes.fromhex("08a1b2c3"))
    assert not is_random_uid(bytes.fromhex("04a1b2c3"))
    assert not is_random_uid(bytes.fromhex("08a1b2c3d4e5f6"))


@pytest.mark.parametrize(
    ("form", "encoded"),
    [
        (IdentityForm.UID, "01 04a1b2c3d4e5f6"),
        (IdentityForm.W26, "03 18 04a1b2"),
        (IdentityForm.W26_REVERSED, "03 18 b2a104"),
        (IdentityForm.W34, "03 20 04a1b2c3"),
        (IdentityForm.W34_REVERSED, "03 20 c3b2a104"),
    ],
)
def test_faces_of_a_uid(form: IdentityForm, encoded: str) -> None:
    """What each kind of reader makes of the card 04A1B2C3D4E5F6."""
    identity = identity_of_uid(form, UID)
    assert identity is not None
    assert identity.encode() == bytes.fromhex(encoded)


@pytest.mark.parametrize("form", [IdentityForm.SECURE, IdentityForm.PLATE, IdentityForm.PASS, IdentityForm.PIN])
def test_what_is_no_face_of_a_uid(form: IdentityForm) -> None:
    """These come from elsewhere."""
    assert identity_of_uid(form, UID) is None


def test_wiegand_bits_are_right_aligned() -> None:
    """The bit count, then the bits in the fewest bytes; too large a number is refused."""
    assert Identity.wiegand(35, 0x5).value == bytes.fromhex("23 0000000005")
    assert Identity.wiegand(24, 0x010203).value == bytes.fromhex("18 010203")
    for bits, value in ((24, 1 << 24), (0, 0), (129, 1)):
        with pytest.raises(MalformedError):
            Identity.wiegand(bits, value)


@pytest.mark.parametrize("text", ["粤b·12345", "粤B 12345", "粤B-12345", "粤Ｂ１２３４５"])
def test_a_plate_has_one_spelling(text: str) -> None:
    """However it was typed or recognised (R-PARK-14)."""
    assert normalise_plate(text) == "粤B12345"
    assert Identity.plate(text).value == "粤B12345".encode()


@pytest.mark.parametrize("text", ["", "·", "AB", "粤B12345678901"])
def test_what_is_no_plate(text: str) -> None:
    """Three to ten letters and digits."""
    with pytest.raises(MalformedError):
        normalise_plate(text)


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """One spelling is one spelling."""
    try:
        plate = normalise_plate(text)
    except MalformedError:
        return
    assert normalise_plate(plate) == plate


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (IdentityKind.UID, "04a1b2c3", bytes.fromhex("04a1b2c3")),
        (IdentityKind.SECURE, "00000000000004d2", (1234).to_bytes(8)),
        (IdentityKind.PIN, "1234", b"1234"),
        (IdentityKind.PLATE, "粤b12345", "粤B12345".encode()),
        (IdentityKind.PASS, "00" * 16, bytes(16)),
    ],
)
def test_parsing_what_a_person_types(kind: IdentityKind, text: str, value: bytes) -> None:
    """Hexadecimal, but a plate and a PIN as they are."""
    assert Identity.parse(kind, text) == Identity(kind, value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentityKind.PIN, "12a4"),
        (IdentityKind.PIN, "１２３４"),
        (IdentityKind.PIN, "123"),
        (IdentityKind.PASS, "00"),
        (IdentityKind.SECURE, "xy"),
    ],
)
def test_parsing_refuses_the_rest(kind: IdentityKind, text: str) -> None:
    """With an error for the person, not a traceback."""
    with pytest.raises(MalformedError):
        Identity.parse(kind, text)


def test_keys() -> None:
    """The identity byte, then seven bytes of HMAC-SHA256 over identity byte and value, under the site's list key."""
    list_key = bytes(range(32))
    identity = Identity.uid("04a1b2c3")
    digest = hmac.new(list_key, b"\x01" + identity.value, hashlib.sha256).digest()
    assert KeyMaker(list_key)(identity) == b"\x01" + digest[:7]
    assert KeyMaker(bytes(32))(identity) != KeyMaker(list_key)(identity)


def test_the_list_key_is_not_shown() -> None:
    """And has 32 bytes."""
    assert repr(KeyMaker(bytes(32))) == "KeyMaker(…)"
    with pytest.raises(ValueError, match="32 bytes"):
        KeyMaker(bytes(31))


def test_kinds_never_share_a_key() -> None:
    """A PIN with the bytes of a UID is another credential."""
    make = KeyMaker(bytes(32))
    assert make(Identity(IdentityKind.UID, b"1234")) != make(Identity(IdentityKind.PIN, b"1234"))


def test_bucket() -> None:
    """The first byte of the key's SHA-256: of "abc" it is ba (FIPS 180-4)."""
    assert bucket_of(b"abc") == 0xBA
