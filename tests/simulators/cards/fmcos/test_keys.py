"""Keys are added, changed, used and locked as their rights and counters say."""

import pytest

from simulators.cards.fmcos import crypto
from tests.simulators.cards.fmcos.terminal import FACTORY, K1, K2, SELECT_DF, SELECT_MF, Terminal, fresh, with_df

WRONG = bytes(range(16))


def test_the_factory_s_key_in_all_its_shapes() -> None:
    """Short or long, it is the same weak key; and it opens the MF."""
    for key in (FACTORY, FACTORY[:8]):
        card = fresh()
        assert card.authenticate(key) == "9000"
        card.ok("80E0DF010D380100F0F0FFFFFF4741544531")


def test_wrong_tries_are_counted_down_and_then_the_key_is_locked() -> None:
    """63C2, 63C1, 63C0, 6983; the right key comes too late."""
    card = fresh()
    assert [card.authenticate(WRONG) for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert card.authenticate(FACTORY) == "6983"
    card.lay()
    assert card.authenticate(FACTORY) == "6983"


def test_the_right_key_gives_all_tries_back() -> None:
    """Also over a power cut."""
    card = fresh()
    assert card.authenticate(WRONG) == "63C2"
    card.lay()
    assert card.authenticate(WRONG) == "63C1"
    assert card.authenticate(FACTORY) == "9000"
    assert card.authenticate(WRONG) == "63C2"


def test_each_key_counts_for_itself() -> None:
    """And FF allows fifteen."""
    card = with_df()
    card.add_key(1, "39F0F001FF", K1)
    card.add_key(2, "39F0F00233", K2)
    assert card.authenticate(WRONG, 1) == "63CE"
    assert card.authenticate(WRONG, 2) == "63C2"
    assert card.authenticate(WRONG, 1) == "63CD"


@pytest.mark.parametrize(
    ("kind", "number", "head", "key", "status"),
    [
        ("01", 1, "39F0F00133", K1, "6A80"),  # that number is taken
        ("01", 2, "39F0F00133", K1[:7], "6700"),
        ("01", 2, "40F0F00133", K1, "6A80"),
        ("01", 2, "B9F0F00133", K1, "6A80"),
        ("01", 2, "F9F0F00133", K1, "6900"),  # such a key travels encrypted only
        ("39", 9, "39F0F00133", K1, "9403"),
        ("39", 1, "36F0F00133", K1, "6A80"),  # a key keeps its type
        ("39", 1, "39F0F00133", K1[:8], "6700"),  # and its length
    ],
)
def test_what_cannot_be_written(kind: str, number: int, head: str, key: bytes, status: str) -> None:
    """By status word."""
    card = with_df()
    assert card.add_key(1, "39F0F00133", K1) == "9000"
    assert card.add_key(number, head, key, kind) == status


def test_the_same_number_may_stand_for_keys_of_different_types() -> None:
    """As public examples have it."""
    card = with_df()
    assert card.add_key(1, "39F0F00133", K1) == "9000"
    assert card.add_key(1, "34F0F00001", K2) == "9000"


def test_the_key_file_ends() -> None:
    """96 bytes hold four long keys; a directory without one holds none."""
    card = with_df()
    for number in range(4):
        assert card.add_key(number, "39F0F00133", K1) == "9000"
    assert card.add_key(4, "39F0F00133", K1) == "6A84"
    card.ok("800E000000")
    assert card.add_key(1, "39F0F00133", K1) == "6A82"


def test_adding_and_changing_need_their_rights() -> None:
    """Added at state 1 of the MF, changed at state 5 here."""
    card = with_df(add="01")
    card.lay()
    card.ok(SELECT_DF)
    assert card.add_key(1, "39F05505FF", K1) == "6982"
    card.ok(SELECT_MF)
    card.authenticate(FACTORY)
    card.ok(SELECT_DF)
    assert card.add_key(1, "39F05505FF", K1) == "9000"
    assert card.add_key(1, "39F0550533", K2, kind="39") == "6982"
    assert card.authenticate(K1, 1) == "9000"
    assert card.add_key(1, "39F0550533", K2, kind="39") == "9000"
    assert card.authenticate(K1, 1) == "63C2"
    assert card.authenticate(K2, 1) == "9000"


def test_a_change_brings_its_own_counter() -> None:
    """A locked key lives again when one who may writes it anew."""
    card = with_df()
    card.add_key(1, "39F0F00111", K1)
    assert card.authenticate(WRONG, 1) == "63C0"
    assert card.authenticate(K1, 1) == "6983"
    assert card.add_key(1, "39F0F00133", K1, kind="39") == "9000"
    assert card.authenticate(K1, 1) == "9000"


def test_using_a_key_needs_its_right() -> None:
    """The second key only after the first; no try is lost."""
    card = with_df()
    card.add_key(1, "39F0F00133", K1)
    card.add_key(2, "3911F00233", K2)
    assert card.authenticate(WRONG, 2) == "6982"
    assert card.authenticate(K1, 1) == "9000"
    assert card.authenticate(WRONG, 2) == "63C2"
    assert card.authenticate(K2, 2) == "9000"
    assert card.authenticate(K2, 2) == "6982"  # the state is 2 now


def test_the_card_proves_itself() -> None:
    """Internal authentication encrypts with types 30 and 34, decrypts with 31; where a right says so, not for all."""
    card = with_df()
    card.add_key(1, "34F0F00001", K2)
    card.add_key(2, "30F0F00001", K1)
    card.add_key(2, "31F0F00001", K1)
    card.add_key(3, "34F1F00001", K2)
    data = bytes(range(16))
    assert bytes.fromhex(card.ok("0088000110" + data.hex())) == crypto.encrypt(K2, data)
    assert bytes.fromhex(card.ok("0088000210" + data.hex() + "10")) == crypto.encrypt(K1, data)
    assert bytes.fromhex(card.ok("0088010210" + data.hex())) == crypto.decrypt(K1, data)
    assert card.status("0088000308" + "00" * 8) == "6982"


def master_and(card: Terminal) -> Terminal:
    assert card.add_key(0, "39F0F00133", K1) == "9000"
    return card


def test_keys_travel_encrypted_and_with_a_mac() -> None:
    """``84 D4`` under the directory's key 00: adding type F9, changing 39 to F9 and back."""
    card = master_and(with_df())
    add = bytes.fromhex("F9F0F0AAFF") + K2
    assert card.protected("84D40102", add, K1, encrypt=True) == b"\x90\x00"
    assert card.authenticate(K2, 2) == "9000"
    assert card.add_key(2, "39F0F0AAFF", K1, kind="39") == "6900"
    plain = bytes.fromhex("39F0F0AAFF") + K1
    assert card.protected("84D43902", plain, K1, encrypt=True) == b"\x90\x00"
    assert card.authenticate(K1, 2) == "9000"
    assert card.add_key(2, "39F0F0AAFF", K2, kind="39") == "9000"


def test_a_wrong_mac_costs_the_master_key_a_try() -> None:
    """6988 three times, then 6983; without a challenge 6984; without a master key 9403."""
    card = master_and(with_df())
    add = bytes.fromhex("F9F0F0AAFF") + K2
    for _ in range(3):
        assert card.protected("84D40102", add, K2, encrypt=True) == b"\x69\x88"
    assert card.protected("84D40102", add, K1, encrypt=True) == b"\x69\x83"
    bare = with_df()
    assert bare.protected("84D40102", add, K1, encrypt=True) == b"\x94\x03"
    assert master_and(with_df()).status("84D4010204" + "00" * 4) == "6984"


@pytest.mark.parametrize(
    ("clear", "status"),
    [
        ("16F9F0F0AAFF" + "00" * 16 + "8000", "6A80"),  # says one byte more than there is room for
        ("15F9F0F0AAFF" + "00" * 16 + "0000", "6A80"),  # no padding mark
        ("F0F9F0F0AAFF" + "00" * 16 + "8000", "6A80"),
        ("15F9F0F0AAFF" + "00" * 16 + "80", "6700"),  # not whole blocks
    ],
)
def test_what_does_not_decrypt_to_a_key_is_refused(clear: str, status: str) -> None:
    """With a good MAC: no try is lost."""
    card = master_and(with_df())
    blocks = bytes.fromhex(clear)
    data = crypto.encrypt(K1, blocks) if len(blocks) % 8 == 0 else blocks
    assert card.protected("84D40102", data, K1, encrypt=False).hex().upper() == status
    assert card.authenticate(WRONG) == "63C2"


def test_encrypted_data_that_fill_their_blocks_need_no_padding() -> None:
    """Both habits exist: length and data of 16 bytes, with a block of padding or without."""
    for padding in ("", "8000000000000000"):
        card = master_and(with_df())
        card.ok("80E0000107E80020F0F0FFFF")
        card.add_key(0, "36F0F0FF33", K2)
        data = crypto.encrypt(K2, bytes.fromhex("0F" + "5A" * 15 + padding))
        assert card.protected("04D68100", data, K2, encrypt=False) == b"\x90\x00"
        assert card.ok("00B081000F") == "5A" * 15
