"""Publishes what is not a list: the gateway's status, the schedules, and each controller's configuration."""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.domain.decision import StalePolicy
from gateway.domain.site import Portal
from gateway.ports import WhitelistSource
from gateway.signing.keys import PublicKey, SigningKey
from sync.clock import Clock
from sync.protocol.signed import seal
from sync.protocol.site import Config, GatewayStatus, PortalConfig, Schedules
from sync.protocol.topics import Kind, Topics
from sync.wire import Will, Wire

_DEFAULT_GRACE_S: Final = 7 * 24 * 3600


def config_of(version: int, portals: Sequence[Portal], keys: Sequence[PublicKey]) -> Config:
    """What a controller with these portals is told; where they differ, the strictest rule for stale lists holds."""
    return Config(
        version,
        {
            portal.id: PortalConfig(
                portal.name,
                portal.direction,
                portal.lists,
                portal.unlock_ms,
                portal.held_open_s,
                mode=portal.mode,
            )
            for portal in portals
        },
        StalePolicy.DENY if any(p.stale is StalePolicy.DENY for p in portals) else StalePolicy.HOLD,
        min((p.offline_grace_s for p in portals), default=_DEFAULT_GRACE_S),
        tuple(key.raw for key in keys),
    )


class SiteDocuments:
    """Says everything at each new session, and again whenever the site changes."""

    def __init__(
        self,
        topics: Topics,
        source: WhitelistSource,
        wire: Wire,
        *,
        signer: Callable[[], SigningKey],
        announced: Callable[[], Sequence[PublicKey]],
        clock: Clock,
        software: str,
    ) -> None:
        self._topics = topics
        self._source = source
        self._wire = wire
        self._signer = signer
        self._announced = announced
        self._clock = clock
        self._software = software
        self._configured: set[str] = set()

    def will(self) -> Will:
        """What the broker says when the gateway vanishes."""
        status = GatewayStatus(online=False, at=self._clock.wall(), software=self._software)
        return Will(self._topics.gateway_status, status.encode())

    def say(self) -> None:
        """Publishes all of it; a controller that left the site loses its configuration."""
        status = GatewayStatus(online=True, at=self._clock.wall(), software=self._software)
        self._retain(self._topics.gateway_status, status.encode())
        self._retain_signed(self._topics.schedules, Schedules(self._source.calendar()).encode())
        enrolled = set(self._source.controllers())
        version = self._source.config_version()
        for controller in sorted(enrolled):
            config = config_of(version, self._source.portals_of(controller), self._announced())
            self._retain_signed(self._topics.of_controller(Kind.CONFIG, controller), config.encode())
        for controller in self._configured - enrolled:
            self._retain(self._topics.of_controller(Kind.CONFIG, controller), b"")
        self._configured = enrolled

    def _retain_signed(self, topic: str, payload: bytes) -> None:
        self._retain(topic, seal(topic, payload, self._signer()))

    def _retain(self, topic: str, payload: bytes) -> None:
        self._wire.publish(topic, payload, retain=True)
