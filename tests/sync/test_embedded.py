"""Against the broker in a wheel: the same gates, passwords checked, both protocols, whole lists."""

from pathlib import Path

import pytest

from gateway.domain.whitelist import Whitelist
from sync.broker import Broker
from sync.clock import SystemClock
from sync.session import BrokerSettings
from tests.brokers import Embedded, running_embedded
from tests.sync.test_mosquitto import Ears
from tests.sync.world import Gate, Sink, Site, entries, key, make_gateway, running, until

pytestmark = pytest.mark.system


@pytest.mark.parametrize("mqtt5", [True, False])
async def test_gates_follow_a_list(tmp_path: Path, mqtt5: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """2,500 entries in three pages, then a revocation, on either port."""
    names = ["gate-a", "gate-b"]
    site, sink = Site(names, {"residents": Whitelist(entries(2500), version=1)}), Sink()
    with running_embedded() as broker:
        gateway = make_gateway(site, sink, broker.settings(mqtt5=mqtt5))
        gang = [Gate(name, broker.settings(name, mqtt5=False), tmp_path) for name in names]
        async with running(gateway, *(gate.controller for gate in gang)):
            await until(lambda: all(gate.version("residents") == 1 for gate in gang))
            version = site.change("residents", drop=[key(7)])
            await until(lambda: all(gate.version("residents") == version for gate in gang))
            assert not gang[0].admits(7)
            assert gang[1].admits(8)


async def test_falls_back_to_mqtt_3(tmp_path: Path) -> None:
    """With a broker that hangs up on MQTT 5 the gateway speaks 3.1.1."""
    site, sink = Site(["gate-a"], {"residents": Whitelist(entries(5), version=1)}), Sink()
    with running_embedded() as broker:
        settings = BrokerSettings("127.0.0.1", broker.port, "gateway", broker.username, broker.password)
        gateway, gate = make_gateway(site, sink, settings), Gate("gate-a", broker.settings(mqtt5=False), tmp_path)
        async with running(gateway, gate.controller):
            await until(lambda: gate.version("residents") == 1)


async def test_wrong_password() -> None:
    """Whoever has another password does not get in."""
    with running_embedded() as embedded:
        assert isinstance(embedded, Embedded)
        for port in (embedded.port, embedded.port5):
            ears = Ears()
            settings = BrokerSettings("127.0.0.1", port, "x", embedded.username, "wrong", mqtt5=port == embedded.port5)
            wire = Broker("x", settings, ears, clock=SystemClock(), jitter=lambda: 0.0)
            async with running(wire):
                await until(lambda ears=ears: ears.lost)  # type: ignore[misc]  # binds the loop's variable
                assert not wire.connected
