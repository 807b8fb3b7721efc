"""One card, many spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial_reader.protocol.number import Meaning, NumberForm, identity_of_number
from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity, IdentityKind

UID = bytes.fromhex("04A1B2C3")


@pytest.mark.parametrize(
    ("form", "meaning", "message", "identity"),
    [
        (NumberForm.HEX, Meaning.UID, b"04A1B2C3", Identity(IdentityKind.UID, UID)),
        (NumberForm.HEX, Meaning.UID, b"04:a1:b2:c3", Identity(IdentityKind.UID, UID)),
        (NumberForm.HEX, Meaning.UID_REVERSED, b"C3B2A104", Identity(IdentityKind.UID, UID)),
        (NumberForm.DECIMAL, Meaning.UID, b"0077705923", Identity(IdentityKind.UID, UID)),
        (NumberForm.DECIMAL, Meaning.W26, b"0077705923", Identity.wiegand(24, 0xA1B2C3)),
        (NumberForm.BINARY, Meaning.W34, bytes.fromhex("6204A1B2C3"), Identity.wiegand(32, 0x04A1B2C3)),
        (NumberForm.HEX, Meaning.UID, b"04A1B2C3D4E5F6", Identity(IdentityKind.UID, bytes.fromhex("04A1B2C3D4E5F6"))),
    ],
)
def test_spellings(form: NumberForm, meaning: Meaning, message: bytes, identity: Identity) -> None:
    """Each setting reads its reader."""
    assert identity_of_number(form, meaning, message) == identity


@given(st.sampled_from(NumberForm), st.sampled_from(Meaning), st.binary(max_size=40))
def test_anything_is_an_identity_or_malformed(form: NumberForm, meaning: Meaning, message: bytes) -> None:
    """No other error, whatever the reader printed."""
    try:
        identity = identity_of_number(form, meaning, message)
    except MalformedError:
        return
    assert identity.kind in {IdentityKind.UID, IdentityKind.WIEGAND}
