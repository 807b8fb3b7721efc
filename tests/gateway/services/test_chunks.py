"""Long lists of ids are asked for in pieces, in order and without loss."""

import pytest

from gateway.services.chunks import chunked


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (1201, [500, 500, 201])])
def test_pieces_of_five_hundred(count: int, sizes: list[int]) -> None:
    pieces = list(chunked(range(count)))
    assert [len(piece) for piece in pieces] == sizes
    assert [number for piece in pieces for number in piece] == list(range(count))
