"""What publisher, fleet and controller ask of MQTT; sync.broker does it, tests have one in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the client vanishes."""

    topic: str
    payload: bytes


class Wire(Protocol):
    """A connection to a broker that comes and goes."""

    @property
    def connected(self) -> bool:
        """Whether a session is open now."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        """Sends at once with QoS 1, in the order of the calls; await it for the broker's word.

        Raises, when awaited, DeviceOfflineError (not connected, or no word in time) or DeviceRefusedError
        (the broker's access list said no, which only MQTT 5 tells; or too much is under way).
        """

    async def subscribe(self, topics: Sequence[str]) -> None:
        """With QoS 1; each call has the retained messages sent again. Raises DeviceOfflineError."""

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Raises DeviceOfflineError."""


class WireListener(Protocol):
    """Hears from a wire, on the event loop."""

    def wire_connected(self) -> None:
        """A new session without any subscription."""

    def wire_lost(self, why: str) -> None:
        """The session is over, or could not be opened."""

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """A message arrived."""
