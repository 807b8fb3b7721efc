"""The chip does for each key exactly what the access conditions say, in every one of their combinations."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.cards.classic import value
from simulators.cards.classic.access import DATA_RULES, Key
from simulators.cards.classic.chip import CLASSIC_1K, CLASSIC_4K, ClassicChip, Model, NakError, sector_of, trailer_of
from tests.simulators.cards.classic.test_access import bits

UID = bytes.fromhex("DEADBEEF")
FACTORY = b"\xff" * 6
KEY_A, KEY_B = bytes.fromhex("A0A1A2A3A4A5"), bytes.fromhex("B0B1B2B3B4B5")
DATA = bytes(range(16))
AMOUNT = value.encode(100, 5)

# NXP MF1S50yyX_V1 rev. 3.2, table 8, as printed: read, write, increment, decrement/transfer/restore by C1 C2 C3.
DATA_TABLE = {
    "000": ("AB", "AB", "AB", "AB"),
    "010": ("AB", "", "", ""),
    "100": ("AB", "B", "", ""),
    "110": ("AB", "B", "B", "AB"),
    "001": ("AB", "", "", "AB"),
    "011": ("B", "B", "", ""),
    "101": ("B", "", "", ""),
    "111": ("", "", "", ""),
}
# Table 7: key A write; access bits read, write; key B read, write. Key A is never read.
TRAILER_TABLE = {
    "000": ("A", "A", "", "A", "A"),
    "010": ("", "A", "", "A", ""),
    "100": ("B", "AB", "", "", "B"),
    "110": ("", "AB", "", "", ""),
    "001": ("A", "A", "A", "A", "A"),
    "011": ("B", "AB", "B", "", "B"),
    "101": ("", "AB", "B", "", ""),
    "111": ("", "AB", "", "", ""),
}
KEY_B_IS_A_KEY = "011"  # a trailer under which B cannot be read


def trailer(data: str = "000", own: str = KEY_B_IS_A_KEY, sector_bits: bytes | None = None) -> bytes:
    """A trailer that puts ``data`` on all three data blocks."""
    groups = (int(data, 2),) * 3 + (int(own, 2),)
    return KEY_A + (sector_bits or bits(groups)) + b"\x69" + KEY_B


def chip(written: bytes, block: int = 4, content: bytes = AMOUNT, model: Model = CLASSIC_1K) -> ClassicChip:
    """A card of which one sector was made over."""
    made = ClassicChip(UID, model)
    made.authenticate(block, Key.A, FACTORY)
    made.write(block, content)
    made.write(trailer_of(block), written)
    made.reset()
    return made


def can(operation: Callable[[], object]) -> bool:
    try:
        operation()
    except NakError:
        return False
    return True


def opened(made: ClassicChip, which: str, block: int = 4) -> ClassicChip:
    made.authenticate(block, Key[which], KEY_A if which == "A" else KEY_B)
    return made


@pytest.mark.parametrize("condition", DATA_TABLE)
@pytest.mark.parametrize("which", "AB")
def test_data_blocks(condition: str, which: str) -> None:
    """Table 8, cell by cell."""
    read, write, increment, decrement = (which in who for who in DATA_TABLE[condition])

    def fresh() -> ClassicChip:
        return opened(chip(trailer(condition)), which)

    assert can(lambda: fresh().read(4)) is read
    assert can(lambda: fresh().write(4, DATA)) is write
    assert can(lambda: fresh().increment(4, 1)) is increment
    assert can(lambda: fresh().decrement(4, 1)) is decrement
    assert can(lambda: fresh().restore(4)) is decrement


@pytest.mark.parametrize("condition", TRAILER_TABLE)
@pytest.mark.parametrize("which", "AB")
def test_trailers(condition: str, which: str) -> None:
    """Table 7, cell by cell; a key B that can be read opens nothing at all."""
    usable = which == "A" or "A" not in TRAILER_TABLE[condition][3]
    write_a, read_bits, write_bits, read_b, write_b = (which in who and usable for who in TRAILER_TABLE[condition])

    def fresh() -> ClassicChip:
        return opened(chip(trailer(own=condition)), which)

    assert can(lambda: fresh().read(7)) is read_bits
    if read_bits:
        seen = fresh().read(7)
        assert seen[:6] == bytes(6)
        assert seen[6:10] == trailer(own=condition)[6:10]
        assert seen[10:] == (KEY_B if read_b else bytes(6))
    made = fresh()
    new = b"\x0a" * 6 + bits((0, 0, 0, 1)) + b"\x42" + b"\x0b" * 6
    assert can(lambda: made.write(7, new)) is (write_a or write_bits or write_b)
    kept = bytes.fromhex(made.dump()["blocks"][7])
    old = trailer(own=condition)
    for part, written in ((slice(0, 6), write_a), (slice(6, 10), write_bits), (slice(10, 16), write_b)):
        assert kept[part] == (new if written else old)[part]


@pytest.mark.parametrize("which", "AB")
def test_a_readable_key_b_is_no_key(which: str) -> None:
    """In transport configuration the authentication is accepted and every access after it refused."""
    card = ClassicChip(UID)
    card.authenticate(4, Key[which], FACTORY)
    assert card.is_open(4)
    assert can(lambda: card.read(4)) is (which == "A")


@pytest.mark.parametrize("which", "AB")
def test_bad_access_bits_lock_the_sector_for_ever(which: str) -> None:
    """Nothing in it can be read or written again, power off or not; its neighbours do not mind."""
    card = chip(trailer(sector_bits=bytes.fromhex("FF0781")))
    for block in (4, 7):
        for operation in (partial(card.read, block), partial(card.write, block, DATA)):
            opened(card, which)
            assert not can(operation)
    card.reset()
    card.authenticate(8, Key.A, FACTORY)
    assert card.read(8) == bytes(16)


def test_a_wrong_key_shuts_what_was_open() -> None:
    """And a refused access too: authenticate anew."""
    card = ClassicChip(UID)
    card.authenticate(4, Key.A, FACTORY)
    assert not can(lambda: card.authenticate(4, Key.A, KEY_A))
    assert not can(lambda: card.read(4))
    card.authenticate(4, Key.A, FACTORY)
    assert not can(lambda: card.read(8))
    assert not can(lambda: card.read(4))


def test_block_zero_is_read_only() -> None:
    """UID, its check byte, SAK and ATQA stand there; no value can be transferred into it either."""
    card = ClassicChip(UID)
    card.authenticate(0, Key.A, FACTORY)
    assert card.read(0)[:8].hex().upper() == "DEADBEEF22080400"
    assert not can(lambda: card.write(0, DATA))
    card.authenticate(0, Key.A, FACTORY)
    card.write(1, AMOUNT)
    card.restore(1)
    assert not can(lambda: card.transfer(0))
    assert ClassicChip(bytes.fromhex("04A1B2C3D4E5F6"), CLASSIC_4K).dump()["blocks"][0][:20] == "04a1b2c3d4e5f6180200"


def test_values_go_through_the_transfer_buffer() -> None:
    """Nothing is written before the transfer; a copy keeps the address of its source."""
    card = chip(trailer())
    opened(card, "B")
    card.increment(4, 23)
    assert value.decode(card.read(4)) == (100, 5)
    card.transfer(5)
    assert value.decode(card.read(5)) == (123, 5)
    card.decrement(5, 200)
    card.transfer(4)
    assert value.decode(card.read(4)) == (-77, 5)
    card.restore(5)
    card.transfer(6)
    assert value.decode(card.read(6)) == (123, 5)
    card.reset()
    opened(card, "B")
    assert not can(lambda: card.transfer(6))


def test_other_blocks_and_too_large_sums_are_no_values() -> None:
    """A block of other data, and a number that four bytes do not hold."""
    card = chip(trailer(), content=DATA)
    assert not can(lambda: opened(card, "B").increment(4, 1))
    card = chip(trailer(), content=value.encode((1 << 31) - 1, 0))
    assert not can(lambda: opened(card, "B").increment(4, 1))
    assert can(lambda: opened(card, "B").decrement(4, 1))


def test_large_sectors_of_a_4k_card() -> None:
    """From block 128 on sixteen blocks share a trailer, and five of them a condition."""
    assert [sector_of(block) for block in (0, 3, 4, 127, 128, 143, 144, 255)] == [0, 0, 1, 31, 32, 32, 33, 39]
    assert [trailer_of(block) for block in (0, 127, 128, 143, 144, 240)] == [3, 127, 143, 143, 159, 255]
    mixed = bits((0b000, 0b010, 0b111, 0b011))
    card = chip(trailer(sector_bits=mixed), block=128, model=CLASSIC_4K)
    for block, readable, writable in ((132, True, True), (133, True, False), (137, True, False), (138, False, False)):
        opened(card, "B", 128)
        assert can(partial(card.read, block)) is readable
        opened(card, "B", 128)
        assert can(partial(card.write, block, DATA)) is writable


@given(
    ops=st.lists(
        st.tuples(
            st.sampled_from(["open", "read", "write", "increment", "restore", "transfer", "reset"]),
            st.integers(0, 63),
            st.binary(min_size=16, max_size=16),
        ),
        max_size=30,
    )
)
@settings(max_examples=100, deadline=None)
def test_in_any_history_key_a_stays_hidden_and_block_zero_stays(ops: list[tuple[str, int, bytes]]) -> None:
    """Whatever is tried, in whatever order."""
    card = ClassicChip(UID)
    first = card.dump()["blocks"][0]
    for name, block, data in ops:
        action: dict[str, Callable[[], object]] = {
            "open": partial(card.authenticate, block, Key.A if data[0] & 1 else Key.B, FACTORY),
            "read": partial(card.read, block),
            "write": partial(card.write, block, data),
            "increment": partial(card.increment, block, data[0]),
            "restore": partial(card.restore, block),
            "transfer": partial(card.transfer, block),
            "reset": card.reset,
        }
        before = card.dump()
        done = can(action[name])
        if not done or name not in {"write", "transfer"}:
            assert card.dump() == before
        if name == "read" and done and block == trailer_of(block):
            assert card.read(block)[:6] == bytes(6)
    assert card.dump()["blocks"][0] == first


def test_every_combination_has_a_rule() -> None:
    """Three bits, eight rules."""
    assert set(DATA_RULES) == set(range(8))
