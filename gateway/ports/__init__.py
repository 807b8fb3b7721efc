"""What the core asks of the world, and the errors the world may answer with.

Drivers and sync implement these; the roof (gateway.daemon) plugs them in. All callbacks run on the
event loop's thread: an implementation with a thread of its own hands over with ``call_soon_threadsafe``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.domain.decision import Decision
from gateway.domain.errors import GatehouseError
from gateway.domain.identity import Identity
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import Changes, Terms, Whitelist


class DeviceError(GatehouseError):
    """A device did not do what it was asked."""


class DeviceOfflineError(DeviceError):
    """The device cannot be reached: unplugged, silent, or its broker is gone."""


class DeviceSilentError(DeviceOfflineError):
    """The device was told and did not answer: nobody knows whether it did what it was told."""


class DeviceRefusedError(DeviceError):
    """The device answered and said no, or its state forbids the motion."""


class DeviceState(StrEnum):
    """How a device stands."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """Whether a device can be relied on, and why not: an English sentence with ``%(name)s`` places.

    ``because_of`` names the device whose outage this is, such as the line of a reader: one plug, one alarm.
    """

    device: str
    state: DeviceState
    why: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    because_of: str = ""


class StatusSink(Protocol):
    """Hears how devices fare. Called on change only, never once per poll."""

    def device_status(self, status: DeviceStatus) -> None:
        """The device's state changed."""

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Something a person must look at: ``tamper``, ``power``, ``sc_downgrade``, ``garbage`` and so on."""


class ReaderSink(StatusSink, Protocol):
    """Hears what readers and scanners read."""

    def presented(self, reader: str, identity: Identity, at_monotonic: float) -> None:
        """A credential was presented; ``at_monotonic`` is ``time.monotonic()`` when its last byte arrived."""

    def scanned(self, scanner: str, text: str, at_monotonic: float) -> None:
        """A scanner read a line of text (a slip's QR)."""


class Signal(StrEnum):
    """What a reader's lamp and buzzer say."""

    GRANTED = "granted"
    DENIED = "denied"
    OFFLINE = "offline"
    IDLE = "idle"


class Device(Protocol):
    """Anything on a wire. ``run`` returns only by raising or when cancelled; the supervisor starts it again."""

    @property
    def name(self) -> str:
        """Stable name from the configuration."""

    async def run(self) -> None:
        """Serves the device. Raises DeviceOfflineError when the link is lost."""


class Reader(Device, Protocol):
    """A card reader at a portal."""

    async def show(self, reader: str, signal: Signal) -> None:
        """Lamp and buzzer of one reader on this line; best effort, never blocks a decision."""


class BarrierState(StrEnum):
    """Where the arm is, as its limit switches say."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    HELD_OPEN = "held_open"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BarrierReading:
    """What a barrier's inputs say at one moment. None means "not known", which is treated as occupied."""

    state: BarrierState = BarrierState.UNKNOWN
    loop_before: bool | None = None
    loop_under: bool | None = None
    beam: bool | None = None
    fire: bool | None = None
    manual: bool | None = None


class BarrierSink(StatusSink, Protocol):
    """Hears what barriers report."""

    def barrier_reading(self, barrier: str, reading: BarrierReading) -> None:
        """The inputs changed."""


class Barrier(Device, Protocol):
    """A barrier or a door strike. Every command raises DeviceOfflineError or DeviceRefusedError."""

    @property
    def reading(self) -> BarrierReading:
        """The last known inputs."""

    async def open(self, pulse_ms: int) -> None:
        """One pulse, timed by the board. An open while open is success. Returns when the board accepted it."""

    async def close(self) -> None:
        """Refused while a loop or the beam is occupied or unknown."""

    async def stop(self) -> None:
        """Stops the motion."""

    async def hold(self) -> None:
        """Stays open until released."""

    async def release(self) -> None:
        """Ends a hold; the arm is not driven down by it."""


@dataclass(frozen=True, slots=True)
class CardOnEncoder:
    """What lies on a desk encoder. ``kind``: "uid" until the card's application tells more."""

    uid: bytes
    kind: str = "uid"
    random_uid: bool = False


class EncoderSink(StatusSink, Protocol):
    """Hears what desk encoders see."""

    def card_laid(self, encoder: str, card: CardOnEncoder) -> None:
        """A card lies on the encoder."""

    def card_lifted(self, encoder: str) -> None:
        """The encoder is empty again."""

    def card_unreadable(self, encoder: str, why: str) -> None:
        """Two cards, or one that does not answer; an English sentence."""


# --- Whitelists and controllers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListBatch:
    """Changes of one list that became durable: from the version before to the version after.

    ``removed``: the entries that were on the list before and are not any more.
    """

    list: str
    epoch: int
    from_version: int
    version: int
    changes: Changes
    removed: Mapping[bytes, Terms] = field(default_factory=dict)


class WhitelistSource(Protocol):
    """Where the publisher gets the truth. All methods are quick: they read memory that follows the store."""

    def lists(self) -> Mapping[str, Whitelist]:
        """Every list, in memory. Not to be changed by the reader."""

    def calendar(self) -> Calendar:
        """Schedules, holidays and time zone."""

    def portals_of(self, controller: str) -> Sequence[Portal]:
        """The portals behind a controller."""

    def controllers(self) -> Sequence[str]:
        """All enrolled controllers."""

    def config_version(self) -> int:
        """Rises with every change of portals or controllers."""


class ListListener(Protocol):
    """Told after a change is durable and in the gateway's own memory."""

    def lists_changed(self, batches: Sequence[ListBatch]) -> None:
        """These lists have new versions. Must not block."""

    def site_changed(self) -> None:
        """Schedules, portals or controllers changed. Must not block."""


@dataclass(frozen=True, slots=True)
class ControllerEvent:
    """One event a controller kept for us. ``(controller, boot, number)`` names it for ever."""

    controller: str
    boot: str
    number: int
    at: int
    portal: str | None
    kind: str
    key: bytes | None = None
    reason: str | None = None
    list: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class HeldList:
    """What a controller says it holds of one list."""

    epoch: int
    version: int
    root: bytes
    count: int
    applied_at: int


@dataclass(frozen=True, slots=True)
class ControllerStatus:
    """A controller's last report. ``at`` is its own clock, ``seen_at`` ours (unix seconds)."""

    controller: str
    online: bool
    boot: str
    at: int
    seen_at: int
    software: str
    lists: Mapping[str, HeldList]
    config: int
    schedules: int
    capacity: int
    next_event: int


class ControllerSink(Protocol):
    """What the core does with what controllers say. Called from the sync thread of the event loop."""

    async def events(self, events: Sequence[ControllerEvent]) -> int | None:
        """Makes them durable in order, drops repeats; returns the last contiguous number to acknowledge, or None."""

    def controller_status(self, status: ControllerStatus) -> None:
        """A new report."""

    def sync_alarm(self, kind: str, detail: Mapping[str, object]) -> None:
        """Broker gone, publish refused, digest mismatch, controller ahead of us, and so on."""


class CommandResult(StrEnum):
    """What became of a command to a controller.

    UNDELIVERED: it was never sent, so nothing moved. UNANSWERED: it was sent, and nobody knows whether it was obeyed.
    """

    DONE = "done"
    EXPIRED = "expired"
    REPEATED = "repeated"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    UNANSWERED = "unanswered"


class ControllerCommands(Protocol):
    """Commands to portals behind controllers."""

    async def command(self, controller: str, kind: str, portal: str | None, by: str) -> CommandResult:
        """Signs and sends one command and waits for its reply, at most ten seconds."""


class BrokerAccounts(Protocol):
    """Accounts at the broker, where the gateway keeps them."""

    def enrol(self, user: str, password: str) -> None:
        """Adds an account, or gives it a new password. Raises DeviceOfflineError."""


class DecisionObserver(Protocol):
    """Told of every decision at a portal of the gateway, after its record is durable."""

    def decided(self, portal: str, identity: Identity, decision: Decision) -> None:
        """For pages and metrics; must not block."""
