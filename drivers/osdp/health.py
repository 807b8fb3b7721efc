"""How the readers of one line fare, judged from what libosdp and the wire say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

_SILENT_S = 3.0
_PATIENCE_S = 2.0  # a Secure Channel is set up within 0.5 s at 9,600 baud
_KNOCK_S = 1.5
_HEARD_LATELY_S = 2.5  # longer than the time between two knocks


class Verdict(Enum):
    """What is said about a reader."""

    ONLINE = auto()
    SILENT = auto()
    WRONG_KEY = auto()


@dataclass(slots=True)
class _Reader:
    address: int
    restarted: float
    bad_since: float
    knocked: float
    verdict: Verdict | None = None

    def judge(self, *, secure: bool, heard: float, now: float) -> Verdict | None:
        if secure:
            return self._judge_secure(heard, now)
        if now - self.bad_since < _PATIENCE_S:
            return self.verdict
        return Verdict.WRONG_KEY if now - heard <= _HEARD_LATELY_S else Verdict.SILENT

    def _judge_secure(self, heard: float, now: float) -> Verdict | None:
        """Libosdp needs 8 s to notice that a reader fell silent; the wire tells sooner."""
        if now - max(heard, self.restarted) > _SILENT_S:
            return Verdict.SILENT
        if heard < self.restarted:
            return self.verdict
        self.bad_since = now
        return Verdict.ONLINE

    def wants_knock(self, now: float) -> bool:
        return now - max(self.bad_since, self.knocked) >= _KNOCK_S


class Health:
    """No clock and no wire of its own; times are monotonic seconds."""

    def __init__(self, addresses: Sequence[int]) -> None:
        self._addresses = tuple(addresses)
        self._readers: list[_Reader] = []
        self.restart(0.0)

    def restart(self, now: float) -> None:
        """The line is open again: whatever was said no longer holds."""
        self._readers = [_Reader(address, now, now, now) for address in self._addresses]

    def is_online(self, index: int) -> bool:
        """Whether the reader is online with its Secure Channel up."""
        return self._readers[index].verdict is Verdict.ONLINE

    def judge(self, secure: int, heard: Mapping[int, float], now: float) -> list[tuple[int, Verdict]]:
        """The verdicts that changed. ``secure``: bit i set while reader i is online over a Secure Channel."""
        changed = []
        for index, reader in enumerate(self._readers):
            verdict = reader.judge(secure=bool(secure >> index & 1), heard=heard.get(reader.address, 0.0), now=now)
            if verdict is not None and verdict is not reader.verdict:
                reader.verdict = verdict
                changed.append((index, verdict))
        return changed

    def to_knock(self, now: float) -> list[int]:
        """The readers whose session is to be tried anew now."""
        knocks = [index for index, reader in enumerate(self._readers) if reader.wants_knock(now)]
        for index in knocks:
            self._readers[index].knocked = now
        return knocks
