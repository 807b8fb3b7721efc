"""The simulated gates, with time stepped by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.modbus_barrier.protocol.map import FLASH_ON, Coil, Input
from gateway.domain.errors import RuleViolationError
from simulators.compound.box import BenchCard
from simulators.compound.gates import AUTO_CLOSE_S, RemoteGate, WiredGate
from simulators.devices.barrier import ModbusBarrierBoard
from simulators.devices.osdp_reader import OsdpReader, OsdpReaders
from simulators.devices.outputs import Recorder


class Clock:
    """Seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wired(tmp_path: Path, clock: Clock) -> Iterator[WiredGate]:
    """A gate whose hardware is not powered: only its physics move, when the test steps them."""
    readers = OsdpReaders(tmp_path / "line", {0: bytes(16)})
    board = ModbusBarrierBoard(tmp_path / "barrier", Recorder(), clock=clock)
    yield WiredGate("main-in", "North", _reader(readers), board, clock)
    readers.cable.close()
    board.cable.close()


def _reader(readers: OsdpReaders) -> OsdpReader:
    return readers.readers[0]


def _run(gate: WiredGate, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds * 10)):
        clock.now += 0.1
        gate.step()


def _raise_arm(gate: WiredGate, clock: Clock) -> None:
    gate.board.physics.write(FLASH_ON + Coil.OPEN, 10, clock())
    _run(gate, clock, 3)


def test_a_lock_is_open_for_as_long_as_it_is_driven(clock: Clock) -> None:
    """A pulse ends by itself; a hold ends when it is released."""
    gate = RemoteGate("b1", "Door", "gate-1", clock)
    gate.drive(1000)
    assert gate.view()["gate"] == "open"
    clock.now += 1.0
    assert gate.view()["gate"] == "closed"
    gate.drive(-1)
    clock.now += 3600
    assert gate.view()["gate"] == "open"
    gate.drive(0)
    assert gate.view()["gate"] == "closed"


def test_no_car_drives_through_a_lowered_arm(wired: WiredGate) -> None:
    """The bench says why not, and no loop is touched."""
    wired.arrive()
    with pytest.raises(RuleViolationError):
        wired.drive_through()
    assert wired.board.physics.inputs == {Input.LOOP_BEFORE: True}


def test_a_car_passes_and_the_board_lowers_the_arm_behind_it(wired: WiredGate, clock: Clock) -> None:
    """Loop before, loop under, both free again, arm down; the gateway wrote nothing for it."""
    wired.arrive()
    _raise_arm(wired, clock)
    assert wired.arm == "open"
    wired.drive_through()
    assert wired.board.physics.inputs == {Input.LOOP_BEFORE: False, Input.LOOP_UNDER: True}
    _run(wired, clock, 5)
    assert wired.car is None
    assert wired.arm == "closed"
    assert wired.board.recorder.writes == []


def test_the_arm_waits_for_a_car_on_the_loop(wired: WiredGate, clock: Clock) -> None:
    """It lowers by itself after a while, but not in front of somebody."""
    wired.arrive()
    _raise_arm(wired, clock)
    _run(wired, clock, AUTO_CLOSE_S * 3)
    assert wired.arm == "open"


def test_the_lamp_tells_the_verdict(wired: WiredGate, clock: Clock) -> None:
    """Green after a card is a passage; a lamp lit before the card says nothing about it."""
    wired.reader.lamps.append((clock(), "red"))
    clock.now += 1
    wired.present(BenchCard("5630F009", "＋", copied=2), bytes.fromhex("5630F009"))
    wired.step()
    assert wired.last is None
    wired.reader.lamps.append((clock() + 0.1, "green"))
    wired.step()
    assert wired.view()["last"] == {"card": "5630F009-2", "uid": "5630F009", "granted": True}
