"""Portals, controllers, posts and devices."""

from typing import Annotated, Any, Literal

from pydantic import Field

from admin_api.schemas.base import In, Line, Moment, Out, Reason, Slug
from gateway.domain.decision import Direction, PortalMode, StalePolicy
from gateway.ports import BarrierState, DeviceState, DeviceStatus
from gateway.services.gates import NewPortal

Lists = Annotated[list[Slug], Field(min_length=1, max_length=16, description="Areas it leads to; any of them admits.")]


class PortalIn(In):
    """A way in or out."""

    id: Slug = Field(examples=["north-in"])
    name: Line = Field(examples=["北门入口"])
    direction: Annotated[Direction, Field(strict=False)]
    lists: Lists = Field(examples=[["gardens"]])
    unlock_ms: int = Field(default=1000, ge=100, le=60_000)
    held_open_s: int = Field(default=30, ge=1, le=3600, description="Open longer than this is an alarm.")
    stale: Annotated[StalePolicy, Field(strict=False)] = StalePolicy.HOLD
    offline_grace_s: int = Field(default=604_800, ge=0, le=31_536_000)

    def portal(self) -> NewPortal:
        """As the service takes it."""
        return NewPortal(**{**self.model_dump(), "lists": tuple(self.lists)})


class BarrierOut(Out):
    """What the inputs at a wired portal say; null is "not known"."""

    state: BarrierState
    loop_before: bool | None
    loop_under: bool | None
    beam: bool | None
    fire: bool | None
    manual: bool | None


class PortalOut(Out):
    """A way in or out, and how it stands."""

    id: str
    name: str
    direction: Direction
    lists: list[str]
    controller: str | None = Field(description="Null when wired to the gateway.")
    unlock_ms: int
    held_open_s: int
    mode: PortalMode
    stale: StalePolicy
    offline_grace_s: int


class PortalNowOut(PortalOut):
    """A portal with the last reading of its barrier."""

    barrier: BarrierOut | None


class WhyIn(In):
    """An act at a gate needs a reason."""

    reason: Reason


class OpenedOut(Out):
    """The gate accepted the pulse."""

    portal: str
    result: Literal["done"] = "done"


class ControllerIn(In):
    """A gate controller and the portals behind it."""

    id: Slug = Field(examples=["north"])
    name: Line = Field(examples=["北门控制器"])
    portals: list[PortalIn] = Field(min_length=1, max_length=32)


class ControllerOut(Out):
    """A controller and its last report."""

    id: str
    name: str
    created_at: Moment
    enrolled_at: Moment | None
    mqtt_username: str | None
    seen_at: Moment | None
    report: dict[str, Any] | None = Field(description="What it last said of itself: the version it holds of each list.")


class BrokerOut(Out):
    """Where the controller finds the broker."""

    host: str
    port: int
    username: str
    password: str
    tls: dict[str, str | None] | None


class PublicKeyOut(Out):
    """A key that signs what the gateway publishes, in hexadecimal."""

    kid: str
    key: str


class ProvisioningOut(Out):
    """All a controller needs (sync/PROTOCOL.md). It holds secrets and is handed out once."""

    site: str
    controller: str
    topics_root: str = Field(examples=["gatehouse/v1/garden-city"])
    broker: BrokerOut
    public_keys: list[PublicKeyOut]
    list_key: str = Field(description="32 bytes in hexadecimal.")


class ResyncedOut(Out):
    """The controller took the command and reads its lists again."""

    controller: str
    result: Literal["done"] = "done"


class PostIn(In):
    """A guard post."""

    id: Slug = Field(examples=["north"])
    name: Line = Field(examples=["北岗"])
    portal: Slug | None = Field(default=None, description="The barrier that opens on a release.")
    number: int | None = Field(
        default=None, ge=0, le=31, description="As slips name it; the lowest free one when left out."
    )


class PostOut(Out):
    """A guard post."""

    id: str
    number: int
    name: str
    portal: str | None


class DeviceOut(Out):
    """How a device stands, and why."""

    device: str
    state: DeviceState
    why: str

    @classmethod
    def of(cls, status: DeviceStatus) -> "DeviceOut":
        """With its sentence filled in."""
        why = status.why % status.params if status.params else status.why
        return cls(device=status.device, state=status.state, why=why)
