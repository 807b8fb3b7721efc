"""The UID is what stands before 9000."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.pcsc.protocol.contactless import GET_UID, card_of_reply
from drivers.pcsc.protocol.vpcd import length_of, pack
from gateway.domain.errors import MalformedError
from simulators.devices.vcard import UidCard


def test_golden_get_uid_and_atr() -> None:
    """PC/SC Part 3 rev. 2.01.09: Get Data, and the answer to reset of a MIFARE Classic 1K."""
    assert GET_UID.hex().upper() == "FFCA000000"
    assert UidCard(b"").atr().hex().upper() == "3B8F8001804F0CA000000306030001000000006A"


@pytest.mark.parametrize(("uid", "random"), [("04A1B2C3D4E5F6", False), ("08112233", True), ("18112233", False)])
def test_random_uids_are_flagged(uid: str, random: bool) -> None:  # noqa: FBT001  # a table of cases
    """First byte 08 of four: drawn anew at each tap."""
    card = card_of_reply(UidCard(bytes.fromhex(uid)).answer(GET_UID))
    assert (card.uid.hex().upper(), card.random_uid) == (uid, random)


@given(st.binary(max_size=20))
def test_any_reply_is_a_card_or_malformed(reply: bytes) -> None:
    """Nothing else comes out."""
    try:
        card = card_of_reply(reply)
    except MalformedError:
        return
    assert card.uid + b"\x90\x00" == reply


@given(st.binary(max_size=65535))
def test_vpcd_lengths(message: bytes) -> None:
    """Two bytes, big endian, in front."""
    wire = pack(message)
    assert wire[2:] == message
    assert length_of(wire[:2]) == len(message)
