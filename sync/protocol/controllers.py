"""What controllers say, and what is said to one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.domain.errors import MalformedError
from gateway.domain.whitelist import KEY_SIZE
from gateway.ports import HeldList
from gateway.signing.cbor import dumps, loads
from sync.protocol.fields import PROTOCOL_VERSION, Fields, optional
from sync.protocol.lists import DIGEST_SIZE

STATUS_LIMIT: Final = 32 * 1024
EVENTS_LIMIT: Final = 64 * 1024
SMALL_LIMIT: Final = 2 * 1024
MOST_EVENTS: Final = 256
COMMAND_LIFE_S: Final = 10


@dataclass(frozen=True, slots=True)
class Status:
    """How a controller stands. Retained; the broker sends the last one with ``online: false`` as its will."""

    online: bool
    boot: str
    at: int
    software: str
    lists: Mapping[str, HeldList] = field(default_factory=dict)
    config: int = 0
    schedules: int = 0
    capacity: int = 0
    next_event: int = 0

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "online": self.online, "boot": self.boot, "at": self.at}
        fields |= {"software": self.software, "config": self.config, "schedules": self.schedules}
        fields |= {"capacity": self.capacity, "next_event": self.next_event}
        return dumps(fields | {"lists": {name: _held_map(held) for name, held in self.lists.items()}})

    @classmethod
    def decode(cls, payload: bytes) -> "Status":
        """Raises MalformedError."""
        f = Fields.of_message(payload, STATUS_LIMIT)
        return cls(
            f.flag("online"),
            f.text("boot", 64),
            f.uint("at"),
            f.text("software"),
            {name: _held(held) for name, held in f.items("lists")},
            f.uint("config"),
            f.uint("schedules"),
            f.uint("capacity"),
            f.uint("next_event"),
        )


def _held_map(held: HeldList) -> dict[str, Any]:
    fields: dict[str, Any] = {"epoch": held.epoch, "version": held.version, "root": held.root}
    return fields | {"count": held.count, "applied_at": held.applied_at}


def _held(f: Fields) -> HeldList:
    return HeldList(
        f.uint("epoch"), f.uint("version"), f.data("root", DIGEST_SIZE), f.uint("count"), f.uint("applied_at")
    )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a controller. Its number is not in it: it follows from its place."""

    at: int
    portal: str | None
    kind: str
    key: bytes | None = None
    reason: str | None = None
    list: str | None = None
    detail: str | None = None

    def to_map(self) -> dict[str, Any]:
        """As it goes into Events; what is not there is left out."""
        fields = optional(portal=self.portal, key=self.key, reason=self.reason, list=self.list, detail=self.detail)
        return fields | {"at": self.at, "kind": self.kind}

    @classmethod
    def from_fields(cls, f: Fields) -> "Event":
        """Raises MalformedError."""
        return cls(
            f.uint("at"),
            f.slug("portal") if "portal" in f else None,
            f.text("kind", 64),
            f.data("key", KEY_SIZE) if "key" in f else None,
            f.text("reason", 64) if "reason" in f else None,
            f.slug("list") if "list" in f else None,
            f.text("detail") if "detail" in f else None,
        )


@dataclass(frozen=True, slots=True)
class Events:
    """A run of events, numbered ``first``, ``first + 1``, and so on."""

    boot: str
    first: int
    events: Sequence[Event]

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        events = [event.to_map() for event in self.events]
        return dumps({"v": PROTOCOL_VERSION, "boot": self.boot, "first": self.first, "events": events})

    @classmethod
    def decode(cls, payload: bytes) -> "Events":
        """Raises MalformedError."""
        f = Fields.of_message(payload, EVENTS_LIMIT)
        events = tuple(Event.from_fields(Fields(event)) for event in f.array("events", MOST_EVENTS))
        return cls(f.text("boot", 64), f.uint("first"), events)


@dataclass(frozen=True, slots=True)
class Ack:
    """The gateway has every event up to and including ``upto``; what follows is asked for again."""

    upto: int

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        return dumps({"upto": self.upto})

    @classmethod
    def decode(cls, payload: bytes) -> "Ack":
        """Raises MalformedError."""
        return cls(Fields(loads(payload, limit=SMALL_LIMIT)).uint("upto"))


class CommandKind(StrEnum):
    """What a controller can be told."""

    OPEN = "open"
    HOLD_OPEN = "hold_open"
    RELEASE_HOLD = "release_hold"
    LOCK_OUT = "lock_out"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. Signed, never retained, dead after ten seconds and in any other boot."""

    id: str
    kind: CommandKind
    portal: str | None
    boot: str
    counter: int
    at: int
    expires_at: int
    by: str

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "id": self.id, "kind": self.kind.value, "boot": self.boot}
        fields |= {"counter": self.counter, "at": self.at, "expires_at": self.expires_at, "by": self.by}
        return dumps(fields | optional(portal=self.portal))

    @classmethod
    def decode(cls, payload: bytes) -> "Command":
        """Raises MalformedError; also for a life longer than ten seconds and a missing portal."""
        f = Fields.of_message(payload, SMALL_LIMIT)
        command = cls(
            f.text("id", 64),
            CommandKind(f.choice("kind", frozenset(CommandKind))),
            f.slug("portal") if "portal" in f else None,
            f.text("boot", 64),
            f.uint("counter"),
            f.uint("at"),
            f.uint("expires_at"),
            f.text("by"),
        )
        if not 0 <= command.expires_at - command.at <= COMMAND_LIFE_S:
            raise MalformedError("A command lives ten seconds at most.")
        if (command.portal is None) != (command.kind is CommandKind.RESYNC):
            raise MalformedError("Every command but “resync” names a portal.")
        return command


class ReplyResult(StrEnum):
    """What a controller did with a command."""

    DONE = "done"
    EXPIRED = "expired"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reply:
    """A controller's answer to one command."""

    id: str
    result: ReplyResult
    at: int
    detail: str | None = None

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "id": self.id, "result": self.result.value, "at": self.at}
        return dumps(fields | optional(detail=self.detail))

    @classmethod
    def decode(cls, payload: bytes) -> "Reply":
        """Raises MalformedError."""
        f = Fields.of_message(payload, SMALL_LIMIT)
        result = ReplyResult(f.choice("result", frozenset(ReplyResult)))
        return cls(f.text("id", 64), result, f.uint("at"), f.text("detail") if "detail" in f else None)
