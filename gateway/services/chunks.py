"""Long lists of ids, in pieces that a statement can carry."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")
_SIZE: Final = 500  # bound parameters a statement may carry everywhere


def chunked(ids: Iterable[T]) -> Iterator[list[T]]:
    """Pieces of at most 500."""
    waiting = iter(ids)
    while piece := list(islice(waiting, _SIZE)):
        yield piece
