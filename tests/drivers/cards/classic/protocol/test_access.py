"""Access bits that contradict each other can neither be held nor written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.classic.protocol import commands
from drivers.cards.classic.protocol.access import AccessConditions
from drivers.cards.classic.protocol.sector import FACTORY_TRAILER, Trailer, first_block, is_trailer
from drivers.cards.classic.protocol.value import ValueBlock
from gateway.domain.errors import MalformedError
from simulators.cards.classic.access import conditions

CODES = st.sampled_from([f"{code:03b}" for code in range(8)])


@given(st.tuples(CODES, CODES, CODES, CODES))
def test_every_condition_survives_the_card(codes: tuple[str, str, str, str]) -> None:
    access = AccessConditions(codes).encode()
    assert AccessConditions.decode(access).codes == codes
    assert conditions(access) == tuple(int(code, 2) for code in codes)


@given(st.binary(min_size=3, max_size=3))
def test_what_the_card_refuses_is_refused_here(access: bytes) -> None:
    if conditions(access) is None:
        with pytest.raises(MalformedError):
            AccessConditions.decode(access)
    else:
        assert AccessConditions.decode(access).encode() == access


@given(st.integers(0, 23))
def test_one_wrong_bit_is_seen(bit: int) -> None:
    access = int.from_bytes(bytes.fromhex("18778E")) ^ 1 << bit
    with pytest.raises(MalformedError):
        AccessConditions.decode(access.to_bytes(3))


@pytest.mark.parametrize("codes", [("000", "000", "000", "2"), ("000", "0000", "000", "001"), ("", "", "", "")])
def test_a_code_has_three_bits(codes: tuple[str, str, str, str]) -> None:
    with pytest.raises(MalformedError):
        AccessConditions(codes)


@pytest.mark.parametrize("wrong", [b"", bytes(2), bytes(4)])
def test_access_bits_have_three_bytes(wrong: bytes) -> None:
    with pytest.raises(MalformedError):
        AccessConditions.decode(wrong)


@pytest.mark.parametrize("block", [0, 3, 7, 63, 127, 143, 255, 256, -1])
def test_no_trailer_goes_as_data(block: int) -> None:
    with pytest.raises(ValueError, match="holds no data of ours"):
        commands.update_block(block, FACTORY_TRAILER.encode())


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_block_is_written_whole(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        commands.update_block(16, bytes(length))


@pytest.mark.parametrize(("sector", "block"), [(1, 7), (15, 63), (31, 127), (32, 143), (39, 255)])
def test_a_trailer_goes_into_the_last_block_of_its_sector(sector: int, block: int) -> None:
    assert commands.update_trailer(sector, FACTORY_TRAILER)[:4] == bytes([0xFF, 0xD6, 0, block])
    assert is_trailer(block)
    assert not is_trailer(first_block(sector))


@pytest.mark.parametrize(("key_a", "key_b"), [(b"", bytes(6)), (bytes(6), bytes(5)), (bytes(7), bytes(6))])
def test_keys_have_six_bytes(key_a: bytes, key_b: bytes) -> None:
    with pytest.raises(MalformedError):
        Trailer(key_a, FACTORY_TRAILER.access, 0, key_b)


def test_a_trailer_has_sixteen_bytes() -> None:
    with pytest.raises(MalformedError):
        Trailer.decode(bytes(15))


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 255))
def test_values_survive(value: int, address: int) -> None:
    block = ValueBlock(value, address)
    assert ValueBlock.decode(block.encode()) == block


@given(st.binary(max_size=20))
def test_what_is_no_value_is_said_to_be_none(block: bytes) -> None:
    with pytest.raises(MalformedError):
        ValueBlock.decode(block)
