"""Against a real mosquitto: gates follow the lists through restarts, losses and forgeries."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.whitelist import Entry, Whitelist
from gateway.ports import CommandResult
from sync.broker import Broker
from sync.clock import SystemClock
from sync.fleet import ReachState
from sync.protocol.topics import Topics
from sync.wire import WireListener
from tests.brokers import Mosquitto, running_mosquitto
from tests.sync.world import FOREVER, SITE, Gate, Sink, Site, entries, key, make_gateway, running, until

NAMES = ["gate-a", "gate-b", "gate-c"]
TOPICS = Topics(SITE)

pytestmark = pytest.mark.system


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path / "mosquitto", SITE, {name: f"secret-{name}" for name in NAMES}) as broker:
        yield broker


def gates(broker: Mosquitto, directory: Path, names: list[str] = NAMES) -> list[Gate]:
    return [Gate(name, broker.settings(name), directory) for name in names]


def residents(count: int) -> Site:
    return Site(NAMES, {"residents": Whitelist(entries(count), version=count)})


async def test_gates_follow_a_list(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Empty gates read the base; a new card opens everywhere and a revoked one nowhere; the gateway knows."""
    site, sink, gang = residents(1200), Sink(), gates(mosquitto, tmp_path)
    gateway = make_gateway(site, sink, mosquitto.settings())
    async with running(gateway, *(gate.controller for gate in gang)):
        await until(lambda: all(gate.version("residents") == 1200 for gate in gang))
        assert all(gate.admits(7) and not gate.admits(5000) for gate in gang)
        site.change("residents", put=[Entry(key(5000), FOREVER)])
        version = site.change("residents", drop=[key(7)])
        await until(lambda: all(gate.version("residents") == version for gate in gang))
        assert all(gate.admits(5000) and not gate.admits(7) for gate in gang)
        await until(
            lambda: all(r.state is ReachState.CONFIRMED for r in gateway.fleet.reach("residents", version).values())
        )
        await until(lambda: all(len(sink.kept.get(name, ())) == 4 for name in NAMES))
        assert [e.kind for e in sink.kept["gate-a"]] == ["granted", "denied", "granted", "denied"]
    assert "publish_refused" not in sink.kinds()


async def test_a_broker_that_forgot_everything(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Killed and its store deleted, the broker is filled again, and an empty gate gets the list."""
    site, sink = residents(300), Sink()
    gateway = make_gateway(site, sink, mosquitto.settings())
    first, *_others, last = gates(mosquitto, tmp_path)
    async with running(gateway, first.controller):
        await until(lambda: first.version("residents") == 300)
        mosquitto.kill(forget=True)
        await until(lambda: not gateway.connected)
        version = site.change("residents", drop=[key(1)])
        assert first.admits(1)  # offline: the gate goes on with what it holds
        mosquitto.start()
        await until(lambda: first.version("residents") == version)
        async with running(last.controller):
            await until(lambda: last.version("residents") == version)
    assert sink.kinds().count("broker_offline") == 1


async def test_a_broker_that_kept_its_store(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """After an orderly restart a gate is served while the gateway is down."""
    site, sink = residents(300), Sink()
    gateway = make_gateway(site, sink, mosquitto.settings())
    first, second, *_others = gates(mosquitto, tmp_path)
    async with running(gateway, first.controller):
        await until(lambda: first.version("residents") == 300)
    mosquitto.stop()
    mosquitto.start()
    async with running(second.controller):
        await until(lambda: second.version("residents") == 300)
        assert second.admits(3)


async def test_a_restarted_gate_knows_its_list_without_a_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """What was in force is in force again after a reboot, changes included, and unsent events are sent once."""
    site, sink = residents(120), Sink()
    gateway = make_gateway(site, sink, mosquitto.settings())
    gate = gates(mosquitto, tmp_path)[0]
    async with running(gateway, gate.controller):
        await until(lambda: gate.version("residents") == 120)
        version = site.change("residents", drop=[key(1)])
        await until(lambda: gate.version("residents") == version)
        await until(lambda: "residents" in gateway.fleet.statuses()["gate-a"].lists)
        await until(lambda: gateway.fleet.reach("residents", version)["gate-a"].state is ReachState.CONFIRMED)
    mosquitto.stop()
    again = gates(mosquitto, tmp_path)[0]
    assert again.version("residents") == version
    assert again.admits(2)
    assert not again.admits(1)
    async with running(again.controller):
        await until(lambda: not again.controller.connected)
        mosquitto.start()
        async with running(make_gateway(site, sink, mosquitto.settings())):
            await until(lambda: [e.kind for e in sink.kept.get("gate-a", [])] == ["granted", "denied"])


async def test_commands(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """An "open" opens once and is answered; an offline gate's command is undelivered at once."""
    site, sink, gate = residents(10), Sink(), gates(mosquitto, tmp_path)[0]
    gateway = make_gateway(site, sink, mosquitto.settings())
    async with running(gateway, gate.controller):
        await until(lambda: gateway.fleet.boot_of("gate-a") and gate.version("residents") == 10)
        assert await gateway.command("gate-a", "open", "gate-a-in", "guard") is CommandResult.DONE
        assert gate.opened == [("gate-a-in", 1000)]
        assert await gateway.command("gate-a", "open", "no-such", "guard") is CommandResult.REFUSED
        assert await gateway.command("gate-a", "lock_out", "gate-a-in", "guard") is CommandResult.DONE
        assert not gate.admits(1)
        assert await gateway.command("gate-a", "release_hold", "gate-a-in", "guard") is CommandResult.DONE
        assert gate.admits(1)
        assert await gateway.command("gate-b", "open", "gate-b-in", "guard") is CommandResult.UNDELIVERED


async def test_a_gate_may_not_speak_for_another(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A publish on another's topic, or on a list, is dropped by the access list; MQTT 5 tells so."""
    site, sink, gang = residents(10), Sink(), gates(mosquitto, tmp_path, ["gate-a"])
    gateway = make_gateway(site, sink, mosquitto.settings())
    heard = Ears()
    intruder = Broker("x", mosquitto.settings("gate-b"), heard, clock=SystemClock(), jitter=lambda: 0.0)
    async with running(gateway, intruder, *(gate.controller for gate in gang)):
        await until(lambda: intruder.connected and gang[0].version("residents") == 10)
        await intruder.subscribe(["#"])
        for topic in (f"{TOPICS.root}/controllers/gate-a/status", TOPICS.head("residents")):
            with pytest.raises(Exception, match="Not authorized"):
                await intruder.publish(topic, b"forged", retain=True)
        version = site.change("residents", put=[Entry(key(50), FOREVER)])
        await until(lambda: gang[0].version("residents") == version)
    assert "malformed" not in sink.kinds()
    assert not any("controllers/gate-a" in topic for topic in heard.topics)


async def test_a_refused_publish_is_an_alarm(mosquitto: Mosquitto) -> None:
    """A gateway without the right to publish is told so by MQTT 5, and tells a person."""
    site, sink = residents(10), Sink()
    gateway = make_gateway(site, sink, mosquitto.settings("gate-a"))
    async with running(gateway):
        await until(lambda: "base_not_published" in sink.kinds())


async def test_a_cut_cable(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A gate without network decides, is missed, and catches up by its tail when it is back."""
    site, sink, gate = residents(1000), Sink(), gates(mosquitto, tmp_path)[0]
    gateway = make_gateway(site, sink, mosquitto.settings())
    async with running(gateway, gate.controller):
        await until(lambda: gate.version("residents") == 1000)
        gate.controller.cut()
        await until(lambda: gateway.fleet.boot_of("gate-a") is None)
        for number in range(200):
            version = site.change("residents", drop=[key(number)])
            await asyncio.sleep(0)
            gateway.publisher.confirm("residents")
        assert gate.admits(3)
        gate.controller.heal()
        await until(lambda: gate.version("residents") == version)
        assert not gate.admits(3)


async def test_enrolling_while_the_broker_runs(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """New credentials are known after a SIGHUP, without a restart."""
    site, sink = residents(10), Sink()
    site._controllers.append("gate-new")
    gateway = make_gateway(site, sink, mosquitto.settings())
    async with running(gateway):
        await until(lambda: gateway.connected)
        mosquitto.add_controller("gate-new", "fresh-secret")
        gate = gates(mosquitto, tmp_path, ["gate-new"])[0]
        async with running(gate.controller):
            await until(lambda: gate.version("residents") == 10)
        assert sink.kinds() == []


class Ears(WireListener):
    """Remembers what arrives."""

    def __init__(self) -> None:
        self.connected = False
        self.topics: list[str] = []
        self.lost: list[str] = []

    def wire_connected(self) -> None:
        self.connected = True

    def wire_lost(self, why: str) -> None:
        self.lost.append(why)

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:  # noqa: ARG002  # the port's shape
        self.topics.append(topic)


async def test_a_gate_may_not_take_the_session_of_another(mosquitto: Mosquitto) -> None:
    """A client that names the gateway's id gets the session of its own account, and ends nobody's."""
    site, sink = residents(10), Sink()
    ours = mosquitto.settings()
    gateway = make_gateway(site, sink, ours)
    thief = Ears()
    stealing = replace(mosquitto.settings("gate-b"), client_id=ours.client_id)
    async with running(gateway):
        await until(lambda: gateway.connected)
        async with running(Broker("thief", stealing, thief, clock=SystemClock(), jitter=lambda: 0.0)):
            await until(lambda: thief.connected)
            version = site.change("residents", put=[Entry(key(50), FOREVER)])
            await until(
                lambda: (head := gateway.publisher.published("residents")) is not None and head.version == version
            )
            assert gateway.connected
    assert sink.kinds() == []
    assert thief.lost == []
