"""Interleaved rounds and the median of their ratios: machines are noisy, ratios are not."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of ``var/bench.json``. ``ratio`` = ours / reference of each round, its median over the rounds."""

    name: str
    ours: float
    reference: float
    unit: str
    ratio: float
    limit: float
    holds: bool
    limit_is: str = "at most"

    def as_dict(self) -> dict[str, object]:
        """As the JSON file has it."""
        return asdict(self)


def judge(
    name: str,
    rounds: list[tuple[float, float]],
    *,
    unit: str,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """A row from rounds of (ours, reference); the limit is on the ratio."""
    ratio = statistics.median(ours / reference for ours, reference in rounds)
    ours = statistics.median(o for o, _ in rounds)
    reference = statistics.median(r for _, r in rounds)
    if at_most is not None:
        return Row(name, ours, reference, unit, ratio, at_most, ratio <= at_most)
    if at_least is not None:
        return Row(name, ours, reference, unit, ratio, at_least, ratio >= at_least, "at least")
    raise ValueError("a row needs a limit")


def judge_value(name: str, ours: float, reference: float, *, unit: str, at_most: float) -> Row:
    """A row whose limit is on our own figure, with the reference beside it for scale."""
    ratio = ours / reference if reference else float("inf")
    return Row(name, ours, reference, unit, ratio, at_most, ours <= at_most, "ours at most")


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleave(
    ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 10
) -> list[tuple[float, float]]:
    """Ours, reference, ours, reference…, one warm-up of each first."""
    ours()
    reference()
    return [(seconds(ours), seconds(reference)) for _ in range(rounds)]
