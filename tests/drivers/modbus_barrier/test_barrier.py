"""A barrier over a real pty: its board, its arm and every write to its outputs."""

import asyncio
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.modbus_barrier.barrier import ModbusBarrier
from drivers.modbus_barrier.protocol.map import FLASH_ON, Coil, Input
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from gateway.ports import BarrierState, Device, DeviceOfflineError, DeviceRefusedError, DeviceState
from simulators.devices.arm import BarrierPhysics
from simulators.devices.barrier import ModbusBarrierBoard, crc16
from simulators.devices.outputs import Recorder
from tests.drivers.sinks import KeepingSink
from tests.outputs import recorder

__all__ = ["recorder"]
Start = Callable[[Device], "asyncio.Task[None]"]


@pytest.fixture
def board(tmp_path: Path, recorder: Recorder) -> Iterator[ModbusBarrierBoard]:  # a fixture
    made = ModbusBarrierBoard(tmp_path / "barrier", recorder, physics=BarrierPhysics(travel_s=0.3))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def barrier(tmp_path: Path, sink: KeepingSink) -> ModbusBarrier:
    settings = ModbusBarrierSettings("west", str(tmp_path / "barrier"), poll_ms=30, answer_ms=200, travel_s=1.0)
    return ModbusBarrier(settings, sink)


async def reached(sink: KeepingSink, state: BarrierState) -> None:
    await sink.until(lambda: bool(sink.readings) and sink.readings[-1].state is state)


async def test_open_is_one_pulse_timed_by_the_board(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """One write; the relay falls off by itself, the limit switch tells the rest; the next open is one pulse again."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    await barrier.open(pulse_ms=200)
    await reached(sink, BarrierState.OPENING)
    await reached(sink, BarrierState.OPEN)
    assert [(w.coil, w.value) for w in board.recorder.writes] == [(FLASH_ON + Coil.OPEN, 2)]
    await barrier.open(pulse_ms=200)
    assert [(w.coil, w.value) for w in board.recorder.writes] == [(FLASH_ON + Coil.OPEN, 2)] * 2
    await asyncio.to_thread(threading.Event().wait, 0.25)
    with board.lock:
        assert not board.physics.relays[Coil.OPEN]


async def test_close_only_over_free_ground(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """A car that came since the last poll is seen: the inputs are read in the command itself."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    await barrier.open(pulse_ms=100)
    await reached(sink, BarrierState.OPEN)
    for sensor in (Input.LOOP_BEFORE, Input.LOOP_UNDER, Input.BEAM):
        board.physics.inputs[sensor] = True
        with pytest.raises(DeviceRefusedError):
            await barrier.close()
        board.physics.inputs[sensor] = False
    await barrier.close()
    await reached(sink, BarrierState.CLOSED)
    assert [w.coil for w in board.recorder.writes] == [FLASH_ON + Coil.OPEN, FLASH_ON + Coil.CLOSE]


async def test_hold_and_release(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """Held open refuses to close; release writes the hold relay only."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    await barrier.hold()
    await reached(sink, BarrierState.HELD_OPEN)
    with pytest.raises(DeviceRefusedError):
        await barrier.close()
    await barrier.release()
    await reached(sink, BarrierState.OPEN)
    assert [(w.coil, w.value) for w in board.recorder.writes] == [(Coil.HOLD, 0xFF00), (Coil.HOLD, 0)]


async def test_a_hold_from_before_the_start_is_known(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """The gateway stopped while the arm was held; after the start it still says so, and does not let go."""
    task = running(barrier)
    await reached(sink, BarrierState.CLOSED)
    await barrier.hold()
    await reached(sink, BarrierState.HELD_OPEN)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = KeepingSink()
    settings = ModbusBarrierSettings("west", str(board.cable.path), poll_ms=30, answer_ms=200, travel_s=1.0)
    running(ModbusBarrier(settings, again))
    await reached(again, BarrierState.HELD_OPEN)
    assert len(board.recorder.writes) == 1


async def test_contradictory_limits_allow_nothing(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """Open and closed at once: one alarm, no motion."""
    board.physics.forced.update({Input.OPEN_LIMIT: True, Input.CLOSED_LIMIT: True})
    running(barrier)
    await reached(sink, BarrierState.FAULT)
    for command in (barrier.open(100), barrier.close(), barrier.hold()):
        with pytest.raises(DeviceRefusedError):
            await command
    board.recorder.assert_silent()
    assert sink.alarms == [("west", "fault", {})]


async def test_a_stuck_arm_is_a_fault_with_one_alarm(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """The board accepted, the arm did not move: one write a command; once it moves again it opens and is well."""
    board.physics.frozen = True
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    for _ in range(2):
        await barrier.open(pulse_ms=100)
        await reached(sink, BarrierState.OPENING)
        await reached(sink, BarrierState.FAULT)
    with pytest.raises(DeviceRefusedError):
        await barrier.close()
    assert len(board.recorder.writes) == 2
    assert [kind for _, kind, _ in sink.alarms] == ["stuck"]
    with board.lock:
        board.physics.frozen = False
    await barrier.open(pulse_ms=100)
    await reached(sink, BarrierState.OPEN)
    assert len(board.recorder.writes) == 3


async def test_nothing_moves_without_a_command(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """Start, unplug, replug, stop and start again: not one write."""
    task = running(barrier)
    await reached(sink, BarrierState.CLOSED)
    board.cable.unplug()
    await sink.until(lambda: sink.state("west") is DeviceState.OFFLINE)
    assert barrier.reading.state is BarrierState.UNKNOWN
    assert barrier.reading.loop_under is None
    for command in (barrier.open(100), barrier.close(), barrier.stop(), barrier.hold(), barrier.release()):
        with pytest.raises(DeviceOfflineError):
            await command
    board.cable.plug()
    await sink.until(lambda: sink.state("west") is DeviceState.ONLINE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    board.recorder.assert_silent()
    assert len([s for s in sink.statuses if s.state is DeviceState.OFFLINE]) == 1


async def test_a_command_without_answer_is_never_sent_again(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start
) -> None:
    """The echo of an open is lost: the caller is told, and after the reconnection the board saw one write."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    board.mutate = lambda reply: b"" if reply[1] == 5 else reply
    with pytest.raises(DeviceOfflineError):
        await barrier.open(pulse_ms=100)
    await sink.until(lambda: sink.state("west") is DeviceState.OFFLINE)
    await reached(sink, BarrierState.OPEN)
    assert len(board.recorder.writes) == 1


async def test_killed_while_the_relay_is_on(board: ModbusBarrierBoard) -> None:
    """The board releases the relay by itself: one write in all, though the gateway died right after it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.drivers.modbus_barrier.dies_after_opening", str(board.cable.path)
    )
    assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGKILL
    with board.lock:
        board.physics.step(time.monotonic() + 0.3)
        assert not board.physics.relays[Coil.OPEN]
    assert [(w.coil, w.value) for w in board.recorder.writes] == [(FLASH_ON + Coil.OPEN, 3)]


def _framed(body: bytes) -> bytes:
    return body + crc16(body)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("exception 06, busy", _framed(bytes((1, 0x85, 6)))),
        ("another relay", _framed(struct.pack(">BBHH", 1, 5, FLASH_ON + Coil.CLOSE, 1))),
        ("another time", _framed(struct.pack(">BBHH", 1, 5, FLASH_ON + Coil.OPEN, 9))),
    ],
)
async def test_a_wrong_echo_is_not_success(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start, name: str, reply: bytes
) -> None:
    """The board answered something else than was asked: refused, and no second write."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    board.mutate = lambda sound: reply if sound[1] in {5, 0x85} else sound
    with pytest.raises(DeviceRefusedError):
        await barrier.open(pulse_ms=100)
    assert len(board.recorder.writes) == 1, name


@pytest.mark.parametrize(
    "reply",
    [
        _framed(struct.pack(">BBHH", 2, 5, FLASH_ON + Coil.OPEN, 1)),
        b"\x01\x05\x02\x00\x00\x01\x00\x00",
        b"\x55" * 300,
    ],
)
async def test_an_answer_from_elsewhere_or_garbage_is_no_answer(
    board: ModbusBarrierBoard, barrier: ModbusBarrier, sink: KeepingSink, running: Start, reply: bytes
) -> None:
    """Another unit, a wrong checksum, noise: the command counts as unanswered."""
    running(barrier)
    await reached(sink, BarrierState.CLOSED)
    board.mutate = lambda sound: reply if sound[1] == 5 else sound
    with pytest.raises((DeviceOfflineError, DeviceRefusedError)):
        await barrier.open(pulse_ms=100)
    assert len(board.recorder.writes) == 1
