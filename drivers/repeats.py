"""One tap is one presentation, however often a reader repeats it."""

from gateway.domain.identity import Identity

WINDOW_S = 2.0
REPEATING_S = 1.0
_REMEMBERED = 64


class Repeats:
    """Collapses a credential that is read again within two seconds of its presentation.

    A card left on the reader stays one presentation for as long as the reader repeats it, less than a second
    apart. A hand that taps again and again is slower: it is heard again two seconds after it was last heard.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Identity], tuple[float, float]] = {}

    def is_new(self, reader: str, identity: Identity, at_monotonic: float) -> bool:
        """Whether this is a new presentation; ``at_monotonic`` in seconds."""
        presented, last = self._seen.pop((reader, identity), (-WINDOW_S, -WINDOW_S))
        new = at_monotonic - last >= REPEATING_S and at_monotonic - presented >= WINDOW_S
        self._seen[reader, identity] = (at_monotonic if new else presented, at_monotonic)
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return new
