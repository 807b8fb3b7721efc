"""Fakes of the runtime's ports: devices that record, clocks that stand still, a journal in memory."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.errors import StoreBusyError
from gateway.ports import BarrierReading, BarrierState, DeviceOfflineError, DeviceStatus, Signal
from gateway.runtime.records import Record


@dataclass
class FakeClock:
    """Both clocks, moved by hand."""

    now: float = 1_760_000_000.0
    mono: float = 1000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.mono

    def step(self, seconds: float) -> None:
        self.now += seconds
        self.mono += seconds


@dataclass
class MemoryJournal:
    """A RecordStore; ``broken`` makes it refuse, ``gate`` makes it wait."""

    kept: list[Record] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    broken: bool = False
    gate: threading.Event | None = None

    def append(self, records: Sequence[Record]) -> Sequence[int]:
        if self.gate is not None:
            self.gate.wait(10)
        if self.broken:
            raise StoreBusyError("The store is locked.")
        self.groups.append(len(records))
        self.kept += records
        return range(len(self.kept) - len(records) + 1, len(self.kept) + 1)

    def append_missing(self, records: Sequence[Record], after_seq: int) -> int:
        known = {record.id for record in self.kept[after_seq:]}
        new = [record for record in records if record.id not in known]
        self.kept += new
        return len(new)

    def kinds(self) -> list[str]:
        return [record.kind for record in self.kept]


@dataclass
class FakeBarrier:
    """Records every command: the recorder that G11 asks for. ``at_open`` looks around at the moment of opening."""

    name: str = "barrier"
    commands: list[str] = field(default_factory=list)
    offline: bool = False
    at_open: Callable[[], None] = lambda: None
    reading: BarrierReading = field(default_factory=lambda: BarrierReading(BarrierState.CLOSED))

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def open(self, pulse_ms: int) -> None:
        self.at_open()
        self._command(f"open {pulse_ms}")

    async def close(self) -> None:
        self._command("close")

    async def stop(self) -> None:
        self._command("stop")

    async def hold(self) -> None:
        self._command("hold")

    async def release(self) -> None:
        self._command("release")

    def _command(self, command: str) -> None:
        if self.offline:
            raise DeviceOfflineError("%(device)s does not answer.", device=self.name)
        self.commands.append(command)


@dataclass
class FakeReader:
    """Records what its lamp said."""

    name: str = "reader-line"
    shown: list[tuple[str, Signal]] = field(default_factory=list)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def show(self, reader: str, signal: Signal) -> None:
        self.shown.append((reader, signal))


@dataclass
class HeardStatus:
    """A StatusSink that remembers."""

    heard: list[DeviceStatus] = field(default_factory=list)

    def device_status(self, status: DeviceStatus) -> None:
        self.heard.append(status)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        raise AssertionError(f"no alarm was expected: {device} {kind} {detail}")


async def until(condition: Callable[[], bool], timeout_s: float = 45.0) -> None:
    """Lets the loop turn until the condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - any condition, also one that nobody signals
            await asyncio.sleep(0.001)
