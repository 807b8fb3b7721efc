"""A sink that keeps everything and lets a test wait for it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from gateway.domain.identity import Identity
from gateway.ports import BarrierReading, CardOnEncoder, DeviceState, DeviceStatus

T = TypeVar("T")
PATIENCE_S = 45.0  # a time-out is no measurement: the machine may be busy


class KeepingSink:
    """Implements every sink of gateway.ports."""

    def __init__(self) -> None:
        self.presentations: list[tuple[str, Identity, float]] = []
        self.texts: list[tuple[str, str]] = []
        self.statuses: list[DeviceStatus] = []
        self.alarms: list[tuple[str, str, Mapping[str, object]]] = []
        self.readings: list[BarrierReading] = []
        self.encoder: list[tuple[str, str, object]] = []
        self._changed = asyncio.Event()

    def presented(self, reader: str, identity: Identity, at_monotonic: float) -> None:
        self.presentations.append((reader, identity, at_monotonic))
        self._changed.set()

    def scanned(self, scanner: str, text: str, at_monotonic: float) -> None:
        assert at_monotonic > 0
        self.texts.append((scanner, text))
        self._changed.set()

    def device_status(self, status: DeviceStatus) -> None:
        self.statuses.append(status)
        self._changed.set()

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        self.alarms.append((device, kind, detail))
        self._changed.set()

    def barrier_reading(self, barrier: str, reading: BarrierReading) -> None:
        assert barrier
        self.readings.append(reading)
        self._changed.set()

    def card_laid(self, encoder: str, card: CardOnEncoder) -> None:
        self.encoder.append((encoder, "laid", card))
        self._changed.set()

    def card_lifted(self, encoder: str) -> None:
        self.encoder.append((encoder, "lifted", None))
        self._changed.set()

    def card_unreadable(self, encoder: str, why: str) -> None:
        self.encoder.append((encoder, "unreadable", why))
        self._changed.set()

    def state(self, device: str) -> DeviceState | None:
        return next((s.state for s in reversed(self.statuses) if s.device == device), None)

    async def until(self, condition: Callable[[], T]) -> T:
        """Waits until ``condition`` is true of what was kept."""
        async with asyncio.timeout(PATIENCE_S):
            while not (result := condition()):
                self._changed.clear()
                await self._changed.wait()
        return result
