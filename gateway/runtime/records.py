"""What the running gateway writes into the journal."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. ``(boot, number)`` names it for ever, so that a record taken twice is kept once.

    ``at_ms`` is when it happened, in unix milliseconds.
    """

    boot: str
    number: int
    kind: str
    target: str
    at_ms: int
    body: Mapping[str, object] = field(default_factory=dict)
    actor: str = "system"

    @property
    def id(self) -> tuple[str, int]:
        """Its name for ever; the journal keeps the number in the body as ``n``."""
        return self.boot, self.number


class RecordMaker:
    """Numbers the records of one run of the gateway (``boot``). ``wall`` gives unix seconds."""

    def __init__(self, boot: str, wall: Callable[[], float]) -> None:
        self._boot = boot
        self._wall = wall
        self._numbers = itertools.count(1)

    def __call__(self, kind: str, target: str, body: Mapping[str, object], *, actor: str = "system") -> Record:
        """A record of something that happens now. ``target`` is such as ``portal:main-in``."""
        return Record(self._boot, next(self._numbers), kind, target, int(self._wall() * 1000), body, actor)
