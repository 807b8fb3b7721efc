"""One tap is one presentation, however often a reader repeats it."""

from gateway.domain.identity import Identity

WINDOW_S = 2.0
_REMEMBERED = 64


class Repeats:
    """Collapses a credential that a reader repeats within two seconds.

    A card left on the reader stays one presentation: each repetition extends the window.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[tuple[str, Identity], float] = {}

    def is_new(self, reader: str, identity: Identity, at_monotonic: float) -> bool:
        """Whether this is a new presentation; ``at_monotonic`` in seconds."""
        seen = self._last.pop((reader, identity), None)
        self._last[reader, identity] = at_monotonic
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
        return seen is None or at_monotonic - seen >= WINDOW_S
