"""Remembers every write to an output, so that a test can ask who moved what."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Write:
    """One write as it came over the wire; ``at`` is monotonic seconds."""

    at: float
    coil: int
    value: int


@dataclass
class Recorder:
    """Every output write of one or many simulated boards."""

    clock: Callable[[], float] = time.monotonic
    writes: list[Write] = field(default_factory=list)

    def wrote(self, coil: int, value: int) -> None:
        """Called by a simulated board."""
        self.writes.append(Write(self.clock(), coil, value))

    def assert_silent(self) -> None:
        """Fails when any output was written."""
        if self.writes:
            raise AssertionError(f"outputs were written without a command: {self.writes}")
