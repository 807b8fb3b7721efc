"""No output moves unless somebody was granted passage: not by starts, deaths, outages, garbage or late answers."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import pytest

from drivers.modbus_barrier.protocol.map import FLASH_ON, Coil
from simulators.devices.pty import PtyCable
from tests.brokers import Mosquitto, running_mosquitto
from tests.system.plant import Plant, Refused, wait_for

pytestmark = [pytest.mark.system]

SITE = "hujingyuan"
SEED = 20260401
SETTLED_S = 1.0  # noise is noticed at the next poll


class Gate:
    """The plant, its broker, and a hand with many residents' cards."""

    def __init__(self, plant: Plant, broker: Mosquitto) -> None:
        self.plant, self.broker = plant, broker
        self._cards = cycle(plant.residents())

    def tap(self) -> float:
        """Somebody who lives here holds a card to the reader; when."""
        return self.plant.present(next(self._cards))

    def opens_once(self) -> None:
        """A resident's card moves exactly one output once: the opening relay, timed by the board."""
        before = len(self.plant.recorder.writes)
        at = self.tap()
        assert self.plant.lamp_after(at) == "green"
        writes = [(write.coil, write.value) for write in self.plant.recorder.writes[before:]]
        assert writes == [(FLASH_ON + Coil.OPEN, 10)]
        self.plant.close_arm()

    @contextmanager
    def nothing_moves(self) -> Iterator[None]:
        """Whatever happens inside; the grant after it proves that the recorder still hears."""
        before = len(self.plant.recorder.writes)
        yield
        self.plant.online()
        assert self.plant.recorder.writes[before:] == []
        self.opens_once()
        assert len(self.plant.recorder.writes) == before + 1


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """One gateway for all tests of this module; in the end its log is without a traceback."""
    directory = tmp_path_factory.mktemp("outputs")
    with running_mosquitto(directory / "mosquitto", SITE, {}) as broker:
        plant = Plant(directory, broker.settings())
        plant.seed()
        plant.start()
        try:
            plant.online()
            plant.recorder.assert_silent()
            yield Gate(plant, broker)
        finally:
            plant.close()
        plant.assert_clean_log()


def test_a_grant_is_one_pulse(gate: Gate) -> None:
    """Three residents move the relay three times; a stranger moves nothing."""
    for _ in range(3):
        gate.opens_once()
    before = len(gate.plant.recorder.writes)
    at = gate.plant.present("DEADBEEF")
    assert gate.plant.lamp_after(at) == "red"
    assert gate.plant.recorder.writes[before:] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ends_and_starts(gate: Gate, number: signal.Signals) -> None:
    """An orderly end, a violent one, and the start after it."""
    with gate.nothing_moves():
        gate.plant.end(number)
        gate.plant.start()


def test_a_configuration_with_an_error(gate: Gate) -> None:
    """A gateway that refuses its configuration says so and touches nothing; SIGHUP is no open either."""
    plant = gate.plant
    config = plant.directory / "gatehouse.toml"
    good = config.read_text()
    with gate.nothing_moves():
        plant.end(signal.SIGTERM)
        config.write_text(good.replace("baud = 115200", 'baud = "fast"', 1))
        command = [sys.executable, "-m", "gateway.daemon", "run", "--config", str(config)]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        config.write_text(good)
        assert refused.returncode == 1
        assert "baud" in refused.stderr
        assert "Traceback" not in refused.stderr
        plant.start()
        plant.online()
        assert plant.process is not None
        os.kill(plant.process.pid, signal.SIGHUP)
        if wait_for_end(plant):
            plant.start()


def wait_for_end(plant: Plant) -> bool:
    """Whether a SIGHUP ended the gateway; when it stays it has at least answered after it."""
    assert plant.process is not None
    try:
        plant.process.wait(20)
    except subprocess.TimeoutExpired:
        assert plant.api.get("/me")
        return False
    return True


def test_the_broker_comes_and_goes(gate: Gate) -> None:
    """Killed, emptied and restarted."""
    with gate.nothing_moves():
        gate.broker.kill(forget=True)
        wait_for("the broker's loss to be seen", lambda: not state(gate, "broker"))
        gate.broker.start()


def state(gate: Gate, device: str) -> bool:
    """Whether the device is online."""
    devices = {one["device"]: one["state"] for one in gate.plant.api.get("/devices")["items"]}
    return bool(devices[device] == "online")


def amber_after(gate: Gate, at: float) -> bool:
    """Whether the reader said that the gate cannot open."""
    return any(t >= at and colour == "amber" for t, colour in list(gate.plant.readers.readers[0].lamps))


def cables(gate: Gate) -> dict[str, PtyCable]:
    return {
        "reader": gate.plant.readers.cable,
        "barrier": gate.plant.board.cable,
        "scanner": gate.plant.scanner.cable,
    }


@pytest.mark.parametrize("device", ["reader", "barrier", "scanner"])
def test_cables_pulled_and_put_back(gate: Gate, device: str) -> None:
    """Each device is noticed gone and comes back."""
    with gate.nothing_moves():
        cables(gate)[device].unplug()
        wait_for(f"the loss of the {device}", lambda: not state(gate, device))
        cables(gate)[device].plug()


def test_an_open_does_not_outlive_an_outage(gate: Gate) -> None:
    """With the barrier gone neither a card nor a guard opens it, and neither does when it is back."""
    with gate.nothing_moves():
        gate.plant.board.cable.unplug()
        wait_for("the loss of the barrier", lambda: not state(gate, "barrier"))
        at = gate.tap()
        wait_for("the amber lamp", lambda: amber_after(gate, at))
        with pytest.raises(Refused) as refused:
            gate.plant.api.post("/portals/main-in/open", {"reason": "a visitor"})
        assert refused.value.status == 503
        gate.plant.board.cable.plug()
    kinds = {record["kind"] for record in gate.plant.api.every("/events?kind=portal.")}
    assert "portal.open_failed" in kinds


def test_garbage_on_every_line(gate: Gate) -> None:
    """Noise, cut frames and half-frames repeated: nothing opens, nothing dies, and the lines recover."""
    rng = random.Random(SEED)
    with gate.nothing_moves():
        for _ in range(60):
            for cable in cables(gate).values():
                cable.write(rng.randbytes(rng.randrange(1, 200)))
        frames = bytes.fromhex("534500000c0004ffff") + bytes.fromhex("010501000001") + b"\r\n"
        for cable in cables(gate).values():
            for cut in range(1, len(frames)):
                cable.write(frames[:cut])
        gate.plant.online(for_s=SETTLED_S)


def test_late_answers(gate: Gate) -> None:
    """A board that answers after the time-out is not believed, and no command is sent because of it."""
    late = threading.Event()

    def slow(reply: bytes) -> bytes:
        late.wait(0.8)
        return reply

    with gate.nothing_moves():
        gate.plant.board.mutate = slow
        wait_for("the slow board to be given up", lambda: not state(gate, "barrier"))
        at = gate.tap()
        wait_for("the amber lamp", lambda: amber_after(gate, at))
        late.set()
        gate.plant.board.mutate = bytes
