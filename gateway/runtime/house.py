"""What the HTTP face is handed: the parts of a running gateway, by their contracts.

The roof (gateway.daemon) fills it; tests fill it with fakes. It has no behaviour of its own.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.domain.card_template import CardTemplates
from gateway.domain.decision import PortalMode
from gateway.ports import (
    BarrierReading,
    BrokerAccounts,
    ControllerCommands,
    ControllerStatus,
    DeviceStatus,
    WhitelistSource,
)
from gateway.runtime.clock import Clock
from gateway.runtime.encoders import LaidCard
from gateway.runtime.hub import HubEvent
from gateway.services.encode_jobs import JobView
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring
from gateway.storage.store import Actor, Store

__all__ = [
    "BrokerAddress",
    "Clock",
    "DeviceBook",
    "EncodePort",
    "EncoderBook",
    "EventHub",
    "FleetPort",
    "HeldRemoval",
    "House",
    "HubEvent",
    "LaidCard",
    "PortalDesk",
    "RemovalDesk",
]


class EventHub(Protocol):
    """Broadcast inside the process. A watcher who is too slow loses the oldest events, never the newest."""

    def publish(self, kind: str, data: Mapping[str, object]) -> None:
        """Tells every watcher; never blocks. On the loop's thread."""

    def subscribe(self) -> AbstractContextManager[AsyncIterator[HubEvent]]:
        """What happens from now on; leaving the context ends it. On the loop's thread."""


class DeviceBook(Protocol):
    """How every device stands."""

    def statuses(self) -> Sequence[DeviceStatus]:
        """The last known status of each configured device, by name."""


class EncoderBook(Protocol):
    """What lies on the desk's encoders."""

    def laid(self) -> Sequence[LaidCard]:
        """Each encoder, by name."""


class EncodePort(Protocol):
    """The work at the desk's encoders. Every method may be called from any thread."""

    @property
    def templates(self) -> CardTemplates:
        """How our data lies on each kind of card."""

    def key_version(self) -> int | None:
        """The version of the card keys that is written on cards; None before the site has any. May block."""

    def steps(self, job: JobView) -> Iterable[str]:
        """What is done to the card, step by step: short English phrases."""

    def following(self) -> Mapping[str, str]:
        """The batch whose next card each encoder waits for."""

    def begin(self, encoder: str, job_id: str, actor: Actor) -> None:
        """Starts planned work with the card that lies there. Raises NotFoundError for an unknown encoder."""

    def follow(self, encoder: str, batch_id: str, actor: Actor) -> None:
        """Each blank card laid down from now on is the next one of the batch."""

    def unfollow(self, encoder: str) -> None:
        """Cards laid down are only looked at again."""

    def look_again(self, encoder: str) -> None:
        """As if the card had been laid down anew."""


class PortalDesk(Protocol):
    """The portals wired to the gateway. Commands raise NotFoundError, DeviceOfflineError or DeviceRefusedError."""

    def wired(self) -> Collection[str]:
        """The portals that the configuration gives devices of the gateway."""

    def readings(self) -> Mapping[str, BarrierReading]:
        """The last inputs of the barrier at each wired portal."""

    async def open(self, portal: str, *, by: str, reason: str) -> None:
        """One pulse. Who opened and why is durable in the journal before the barrier moves."""

    async def apply_mode(self, portal: str, mode: PortalMode) -> None:
        """Holds or releases the barrier after the mode was stored; a lock-out moves nothing."""


class FleetPort(Protocol):
    """What the publisher knows of the controllers."""

    def statuses(self) -> Sequence[ControllerStatus]:
        """The last report of each controller."""

    def broker_online(self) -> bool:
        """Whether the broker is reached."""


class HeldRemoval(Protocol):
    """What waits: how many of how many entries would leave the list."""

    @property
    def removals(self) -> int:
        """How many."""

    @property
    def count_before(self) -> int:
        """How many entries the gates hold."""


class RemovalDesk(Protocol):
    """Versions that would take too many off a list at once, and wait for a person. On the loop's thread."""

    @property
    def held(self) -> Mapping[str, HeldRemoval]:
        """What waits, by list."""

    def confirm(self, list_: str) -> None:
        """Lets it go to the gates. Raises NotFoundError for a list nobody knows."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where controllers find the broker; ``ca_file`` when it speaks TLS."""

    host: str
    port: int
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway, as its pages and its API see it."""

    store: Store
    keys: Keys
    keyring: Keyring
    keeper: WhitelistSource
    hub: EventHub
    devices: DeviceBook
    encoders: EncoderBook
    encoding: EncodePort
    portals: PortalDesk
    fleet: FleetPort | None
    commands: ControllerCommands | None
    broker_address: BrokerAddress | None
    clock: Clock
    broker_accounts: BrokerAccounts | None = None
    removals: RemovalDesk | None = None
