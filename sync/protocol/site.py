"""What the gateway says about the site: its own status, schedules, and each controller's portals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from gateway.domain.decision import Direction, PortalMode, PortalPolicy, StalePolicy
from gateway.domain.errors import MalformedError
from gateway.domain.schedule import Calendar, Ranges, Schedule
from gateway.signing.cbor import dumps, loads
from gateway.signing.keys import KEY_SIZE
from sync.protocol.fields import PROTOCOL_VERSION, Fields

STATUS_LIMIT: Final = 1024
SCHEDULES_LIMIT: Final = 64 * 1024
CONFIG_LIMIT: Final = 64 * 1024
_DIRECTIONS: Final = frozenset(Direction)
_POLICIES: Final = frozenset(StalePolicy)
_MODES: Final = frozenset(PortalMode)


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Whether the gateway is there; the broker says "no" for it when it vanishes (last will)."""

    online: bool
    at: int
    software: str

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        return dumps({"online": self.online, "at": self.at, "software": self.software})

    @classmethod
    def decode(cls, payload: bytes) -> "GatewayStatus":
        """Raises MalformedError."""
        f = Fields(loads(payload, limit=STATUS_LIMIT))
        return cls(f.flag("online"), f.uint("at"), f.text("software"))


@dataclass(frozen=True, slots=True)
class Schedules:
    """The site's calendar. Signed."""

    calendar: Calendar

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        calendar = self.calendar
        return dumps(
            {
                "v": PROTOCOL_VERSION,
                "version": calendar.version,
                "timezone": calendar.timezone,
                "holidays": sorted(day.year * 10_000 + day.month * 100 + day.day for day in calendar.holidays),
                "schedules": {
                    index: {"weekdays": schedule.weekdays, "holidays": schedule.holidays}
                    for index, schedule in calendar.schedules.items()
                },
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "Schedules":
        """Raises MalformedError."""
        f = Fields.of_message(payload, SCHEDULES_LIMIT)
        holidays = frozenset(_day(number) for number in f.array("holidays", 2000))
        schedules = {_index(i): _schedule(Fields(s)) for i, s in f.raw_map("schedules").items()}
        return cls(Calendar(f.text("timezone"), holidays, schedules, f.uint("version")))


def _day(number: object) -> date:
    if isinstance(number, int) and not isinstance(number, bool) and 1_01_01 <= number <= 9999_12_31:
        try:
            return date(number // 10_000, number // 100 % 100, number % 100)
        except ValueError:
            pass
    raise MalformedError("A holiday is a number such as 20260217.", fields={"holidays": "yyyymmdd"})


def _index(index: object) -> int:
    if not isinstance(index, int) or isinstance(index, bool):
        raise MalformedError("Schedules are numbered 1 to 255.", fields={"schedules": "1 to 255"})
    return index


def _schedule(f: Fields) -> Schedule:
    days = tuple(_ranges(day) for day in f.array("weekdays", 7))
    return Schedule(days, _ranges(f.array("holidays", 48)))  # type: ignore[arg-type]  # Schedule counts the seven


def _ranges(ranges: Any) -> Ranges:
    if not isinstance(ranges, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in ranges):
        raise MalformedError("The hours of a day are pairs of minutes.", fields={"schedules": "pairs of minutes"})
    if any(type(minute) is not int for pair in ranges for minute in pair):
        raise MalformedError("The hours of a day are counted in minutes.", fields={"schedules": "pairs of minutes"})
    return tuple((start, stop) for start, stop in ranges)


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """One portal behind a controller. ``mode`` is what the site asks for; absent on the wire means normal."""

    name: str
    direction: Direction
    lists: tuple[str, ...]
    unlock_ms: int
    held_open_s: int
    anti_passback: bool = False
    mode: PortalMode = PortalMode.NORMAL

    def to_map(self) -> dict[str, Any]:
        """As it goes into a Config."""
        fields: dict[str, Any] = {"name": self.name, "direction": self.direction.value, "lists": list(self.lists)}
        fields |= {"unlock_ms": self.unlock_ms, "held_open_s": self.held_open_s, "anti_passback": self.anti_passback}
        return fields if self.mode is PortalMode.NORMAL else fields | {"mode": self.mode.value}

    @classmethod
    def from_fields(cls, f: Fields) -> "PortalConfig":
        """Raises MalformedError."""
        lists = f.array("lists", 64)
        names = tuple(Fields({"lists": name}).slug("lists") for name in lists)
        return cls(
            f.text("name"),
            Direction(f.choice("direction", _DIRECTIONS)),
            names,
            f.uint("unlock_ms", 600_000),
            f.uint("held_open_s", 86_400),
            f.flag("anti_passback"),
            PortalMode(f.choice("mode", _MODES)) if "mode" in f else PortalMode.NORMAL,
        )


@dataclass(frozen=True, slots=True)
class Config:
    """What a controller drives and how it behaves when it hears nothing. Signed.

    ``keys``, where there are any, are all the raw public keys to trust from now on.
    """

    version: int
    portals: Mapping[str, PortalConfig] = field(default_factory=dict)
    stale: StalePolicy = StalePolicy.HOLD
    offline_grace_s: int = 7 * 24 * 3600
    keys: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "version": self.version, "stale": self.stale.value}
        portals = {name: portal.to_map() for name, portal in self.portals.items()}
        if self.keys:
            fields["keys"] = list(self.keys)
        return dumps(fields | {"portals": portals, "offline_grace_s": self.offline_grace_s})

    @classmethod
    def decode(cls, payload: bytes) -> "Config":
        """Raises MalformedError."""
        f = Fields.of_message(payload, CONFIG_LIMIT)
        portals = {name: PortalConfig.from_fields(portal) for name, portal in f.items("portals")}
        stale = StalePolicy(f.choice("stale", _POLICIES))
        keys = f.array("keys", 8) if "keys" in f else []
        if not all(isinstance(key, bytes) and len(key) == KEY_SIZE for key in keys):
            raise MalformedError("A public key has 32 bytes.", fields={"keys": "32 bytes each"})
        return cls(f.uint("version"), portals, stale, f.uint("offline_grace_s"), tuple(keys))

    def lists(self) -> frozenset[str]:
        """Every list that some portal honours."""
        return frozenset(name for portal in self.portals.values() for name in portal.lists)

    def policy(self, portal: str, mode: PortalMode) -> PortalPolicy:
        """What the decision at a portal needs, in the mode it stands in now."""
        p = self.portals[portal]
        return PortalPolicy(portal, p.direction, p.lists, mode, self.stale, self.offline_grace_s)
