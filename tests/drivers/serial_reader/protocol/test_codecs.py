"""Every codec finds its frames again after garbage, in pieces of any size, with bounded memory."""

from collections.abc import Callable
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial_reader.protocol.codec import MOST_WAITING, Codec
from drivers.serial_reader.protocol.framed55aa import Framed55AA
from drivers.serial_reader.protocol.labelled import Labelled
from drivers.serial_reader.protocol.lines import Lines
from drivers.serial_reader.protocol.rdm6300 import Rdm6300


def framed(data: bytes) -> bytes:
    body = bytes((0x01, len(data))) + data
    return b"\x55\xaa" + body + bytes((reduce(xor, body),))


FRAMES: list[tuple[Callable[[], Codec], bytes, bytes]] = [
    (Lines, b"GH1:abc\r\n", b"GH1:abc"),
    (Labelled, "卡号:0012345678@".encode(), b"0012345678"),
    (Labelled, "卡号：0012345678@".encode("gbk"), b"0012345678"),
    (Rdm6300, b"\x0262E3086CED08\x03", bytes.fromhex("62E3086CED")),  # the example of the data sheet
    (Framed55AA, framed(bytes.fromhex("04A1B2C3")), bytes.fromhex("04A1B2C3")),
]


@pytest.mark.parametrize(("make", "frame", "message"), FRAMES)
def test_golden_frames_one_byte_at_a_time(make: Callable[[], Codec], frame: bytes, message: bytes) -> None:
    """The number comes out once, with the last byte."""
    codec = make()
    found = [m for byte in frame for m in codec.feed(bytes((byte,)))]
    assert found == [message]
    assert codec.refused == 0


@pytest.mark.parametrize(("make", "frame", "message"), FRAMES)
@given(noise=st.binary(max_size=1500), cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_a_frame_after_garbage_is_found(
    make: Callable[[], Codec], frame: bytes, message: bytes, noise: bytes, cuts: list[int]
) -> None:
    """After noise and a pause the next frame is whole; memory stays bounded; refused bytes are counted."""
    codec = make()
    at = 0
    while at < len(noise):
        piece = noise[at : at + cuts[at % len(cuts)]]
        codec.feed(piece)
        at += len(piece)
        assert len(codec._waiting) <= MOST_WAITING  # type: ignore[attr-defined]  # every codec keeps its bytes there
    codec.idle()
    assert codec.feed(frame) == [message]
    assert 0 <= codec.refused <= len(noise)


@pytest.mark.parametrize(("make", "frame", "message"), FRAMES[1:])
def test_a_broken_frame_costs_only_itself(make: Callable[[], Codec], frame: bytes, message: bytes) -> None:
    """A frame with one bit changed, then a good one right behind it: the good one is read."""
    for position in range(len(frame)):
        codec = make()
        broken = bytearray(frame)
        broken[position] ^= 0x80
        assert codec.feed(bytes(broken) + frame + frame)[-1:] == [message]
        assert codec.refused > 0


def test_a_line_may_end_in_silence() -> None:
    """Scanners without CR are read when the line falls quiet; an over-long line is refused as a whole."""
    codec = Lines()
    assert codec.feed(b"abc") == []
    assert codec.idle() == [b"abc"]
    assert codec.feed(b"x" * 600 + b"\r\nok\n") == [b"ok"]
    assert codec.refused == 600
