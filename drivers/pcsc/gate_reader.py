"""A PC/SC reader at a gate: it reads the number in our application itself, with the keys of the gateway."""

import asyncio
import time
from collections.abc import Callable, Mapping

from drivers.repeats import Repeats
from gateway.domain.errors import GatehouseError
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports import CardOnEncoder, DeviceStatus, EncoderSink, ReaderSink
from gateway.ports.cards import CardEncoder, GateReading, ReadCard


class GateReader:
    """Implements gateway.ports.Device. Of a card that is ours it presents the number, of any other the UID.

    A card that left too early, or whose answers cannot be trusted, presents nothing: neither is it let in, nor is it
    taken for a copy.
    """

    def __init__(self, made: Callable[[EncoderSink], CardEncoder], sink: ReaderSink, read: ReadCard) -> None:
        self._sink = sink
        self._read = read
        self._encoder = made(self)
        self._repeats = Repeats()
        self._reading: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._encoder.name

    async def run(self) -> None:
        """Serves until cancelled; the reader under it is looked for again when it is gone."""
        try:
            await self._encoder.run()
        finally:
            for task in self._reading:
                task.cancel()

    # --- EncoderSink: what the reader under it sees -------------------------------------------------

    def card_laid(self, encoder: str, card: CardOnEncoder) -> None:  # noqa: ARG002 - the sink's signature
        """Reads it beside the loop."""
        task = asyncio.get_running_loop().create_task(self._present(time.monotonic()))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def card_lifted(self, encoder: str) -> None:
        """What is being read ends by itself."""

    def card_unreadable(self, encoder: str, why: str) -> None:
        """Two cards at a gate, or half a tap: the next tap counts."""

    def device_status(self, status: DeviceStatus) -> None:
        """Passed on."""
        self._sink.device_status(status)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Passed on."""
        self._sink.device_alarm(device, kind, detail)

    async def _present(self, at_monotonic: float) -> None:
        try:
            reading = await self._read(self._encoder.card())
        except GatehouseError:
            return  # half a tap, or a store that has never told the keys
        identity = identity_of(reading)
        if self._repeats.is_new(self.name, identity, at_monotonic):
            self._sink.presented(self.name, identity, at_monotonic)


def identity_of(reading: GateReading) -> Identity:
    """Which face of the card counts."""
    if reading.data is None:
        return Identity(IdentityKind.UID, reading.uid)
    return Identity(IdentityKind.SECURE, reading.data.number)
