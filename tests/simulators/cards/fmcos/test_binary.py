"""Binary files are read and written where, and by whom, and under the protection they were made with."""

import pytest

from simulators.cards.fmcos import crypto
from simulators.cards.fmcos.card import FmcosCard
from simulators.cards.reader import Reader
from tests.simulators.cards.fmcos.terminal import K1, K2, K3, SELECT_DF, UID, Terminal, with_df

TEXT = bytes.fromhex("313233343536373839303A3B3C3D3E3F")


def made(kind: str = "28", read: str = "F0", write: str = "F0", access: str = "FF") -> Terminal:
    """A DF with one file of 32 bytes, an external key 1 and two line protection keys 0 and 1."""
    card = with_df()
    card.ok(f"80E0000107{kind}0020{read}{write}FF{access}")
    assert card.add_key(1, "39F0F00133", K1) == "9000"
    assert card.add_key(0, "36F0F0FF33", K2) == "9000"
    assert card.add_key(1, "36F0F0FF33", K3) == "9000"
    card.ok("00A40000020001")
    return card


def test_by_offset_and_by_short_number() -> None:
    """Le of zero reads to the end; the short number selects the file as well."""
    card = made()
    card.ok("00D6001E02BEEF")
    assert card.ok("00B0001C04") == "0000BEEF"
    assert card.ok("00B0001E00") == "BEEF"
    card.ok(SELECT_DF)
    card.ok("00D6810002CAFE")
    assert card.ok("00B081001F")[:6] == "CAFE00"
    assert card.ok("00B0000002") == "CAFE"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("00B0000021", "6C20"),
        ("00B0001F02", "6C01"),
        ("00B0002001", "6B00"),
        ("00B0812001", "6B00"),
        ("00B00000", "6700"),
        ("00B000000400000000 04".replace(" ", ""), "6700"),
        ("00D60000", "6700"),
        ("00D6001F02AABB", "6A84"),
        ("00D6002001AA", "6B00"),
        ("00D6820001AA", "6A82"),
        ("04D60000050000000000", "6900"),
        ("04B000000400000000 04".replace(" ", ""), "6900"),
    ],
)
def test_what_does_not_fit(apdu: str, status: str) -> None:
    """By status word."""
    assert made().status(apdu) == status


def test_reading_and_writing_need_their_rights() -> None:
    """Read at state 1 here, written at state 1 of the MF, which was shown when the DF was made."""
    card = made(read="F1", write="01")
    assert card.status("00B0000004") == "6982"
    card.ok("00D6000001AA")
    assert card.authenticate(K1, 1) == "9000"
    assert card.ok("00B0000001") == "AA"
    card.lay()
    card.ok(SELECT_DF)
    assert card.authenticate(K1, 1) == "9000"
    assert card.status("00D6810001BB") == "6982"
    assert card.ok("00B0810001") == "AA"


@pytest.mark.parametrize(("kind", "encrypt"), [("A8", False), ("E8", True)])
def test_protected_writing(kind: str, encrypt: bool) -> None:  # noqa: FBT001 - a case of the table
    """With a MAC, or encrypted and with a MAC; without one it is refused; reading stays open with access FF."""
    card = made(kind)
    assert card.status("00D6000001AA") == "6900"
    assert card.protected("04D60000", TEXT, K2, encrypt=encrypt) == b"\x90\x00"
    assert card.ok("00B0000010") == TEXT.hex().upper()


@pytest.mark.parametrize(("kind", "encrypt"), [("A8", False), ("E8", True)])
def test_protected_reading(kind: str, encrypt: bool) -> None:  # noqa: FBT001 - a case of the table
    """Access 7B: reading under key 1, writing under key 0. The answer has a MAC under the same challenge."""
    card = made(kind, access="7B")
    assert card.protected("04D60000", TEXT, K2, encrypt=encrypt) == b"\x90\x00"
    assert card.status("00B0000010") == "6900"
    initial = card.challenge()
    head = bytes.fromhex("04B0000004")
    reply = card.answer(head + crypto.mac(K3, head, initial) + b"\x10")
    assert reply[-2:] == b"\x90\x00"
    data, mac = reply[:-6], reply[-6:-2]
    assert crypto.mac(K3, data, initial) == mac
    if encrypt:
        data = crypto.decrypt(K3, data)
        assert data == b"\x10" + TEXT + b"\x80".ljust(7, b"\0")
        data = data[1:17]
    assert data == TEXT
    assert card.protected("04B00000", b"\xaa", K3, encrypt=False, le="10") == b"\x67\x00"


def test_the_published_command_is_taken() -> None:
    """Made as RfidResearchGroup/proxmark3, client/src/cmdhffmcos.c, makes it, for the challenge 11223344."""
    key = bytes.fromhex("980093B4D77FF65F7476BF9019A80892")
    card = with_df(card=Terminal(Reader(FmcosCard(UID, random=lambda size: bytes.fromhex("11223344")[:size]))))
    card.ok("80E0000107E80020F0F0FFFF")
    assert card.add_key(0, "36F0F0FF33", key) == "9000"
    card.ok("00A40000020001")
    card.ok("0084000004")
    card.ok("04D600001C5A9C741FD313F82E592F5839B492423F1B9F54A6BE4D2755D9743C06")
    assert card.ok("00B0000010") == TEXT.hex().upper()


def test_three_wrong_macs_lock_the_application() -> None:
    """6988 three times, then 9303 for everything but leaving it; for ever."""
    card = made("A8")
    for _ in range(3):
        assert card.protected("04D60000", TEXT, K3, encrypt=False) == b"\x69\x88"
    assert card.status("00B0000004") == "9303"
    assert card.protected("04D60000", TEXT, K2, encrypt=False) == b"\x93\x03"
    assert card.status(SELECT_DF) == "9303"
    card.ok("00A40000")
    card.lay()
    assert card.status(SELECT_DF) == "9303"


def test_a_right_mac_gives_the_tries_back() -> None:
    """And a missing challenge or MAC costs none."""
    card = made("A8")
    for _ in range(3):
        for _ in range(2):
            assert card.protected("04D60000", TEXT, K3, encrypt=False) == b"\x69\x88"
        assert card.status("04D60000050000000000") == "6984"
        card.challenge()
        assert card.status("04D6000003000000") == "6700"
        assert card.protected("04D60000", TEXT, K2, encrypt=False) == b"\x90\x00"


def test_a_protected_file_without_its_key_cannot_be_written() -> None:
    """9403."""
    card = made("A8", access="FC")  # key 3
    assert card.protected("04D60000", TEXT, K2, encrypt=False) == b"\x94\x03"
