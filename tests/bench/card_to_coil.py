"""A card at the reader to the coil written, while every list is synced anew, beside the bare bus loop."""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulators.devices.arm import BarrierPhysics
from simulators.devices.barrier import ModbusBarrierBoard
from simulators.devices.osdp_reader import OsdpReaders
from simulators.devices.outputs import Recorder
from tests.bench.crowd import CROWD, enrol_crowd, uid_of
from tests.bench.measure import Row
from tests.brokers import Mosquitto, running_mosquitto
from tests.system.plant import OSDP_KEY, Plant, wait_for

READS = 120
BETWEEN_S = 0.25
SYNC_EVERY_S = 4.0


def _wait_for_coil(recorder: Recorder, at: float) -> float:
    write = wait_for("the coil", lambda: next((w for w in reversed(recorder.writes) if w.at >= at), None), 10)
    return write.at - at


def _settle(board: ModbusBarrierBoard) -> None:
    """The arm goes up, and down again, as behind a car; the gateway sees both."""
    time.sleep(BETWEEN_S)
    with board.lock:
        board.physics.goal = 0.0
    time.sleep(BETWEEN_S)


def _bare(directory: Path) -> list[float]:
    """Latencies of the bare loop, in seconds."""
    recorder = Recorder()
    readers = OsdpReaders(directory / "bare-line", {0: OSDP_KEY})
    board = ModbusBarrierBoard(directory / "bare-barrier", recorder, physics=BarrierPhysics(travel_s=0.1))
    readers.start()
    board.start()
    arguments = [str(readers.cable.path), str(board.cable.path), OSDP_KEY.hex()]
    loop = subprocess.Popen([sys.executable, "-m", "tests.bench.bare_loop", *arguments])
    try:
        wait_for("the secure channel", lambda: readers.readers[0].secure)
        found = []
        for number in range(READS):
            _settle(board)
            at = time.monotonic()
            readers.readers[0].present(bytes.fromhex(uid_of(number)))
            found.append(_wait_for_coil(recorder, at))
        return found
    finally:
        loop.kill()
        loop.wait()
        readers.stop()
        board.stop()


@contextmanager
def _full_syncs(broker: Mosquitto) -> Iterator[list[int]]:
    """The broker loses its memory again and again: the gateway publishes every list from the first page."""
    done, count = threading.Event(), [0]

    def lose_memory() -> None:
        while not done.wait(SYNC_EVERY_S):
            broker.kill(forget=True)
            broker.start()
            count[0] += 1

    thread = threading.Thread(target=lose_memory)
    thread.start()
    try:
        yield count
    finally:
        done.set()
        thread.join()


def _ours(plant: Plant, broker: Mosquitto) -> list[float]:
    found = []
    with _full_syncs(broker) as count:
        for number in range(READS):
            _settle(plant.board)
            at = plant.present(uid_of(number))
            found.append(_wait_for_coil(plant.recorder, at))
    if count[0] < 3:
        raise AssertionError("the lists were not synced while cards were read")
    return found


def _added(name: str, ours: float, bare: float, limit_ms: float) -> Row:
    added_ms = (ours - bare) * 1000
    return Row(
        name, ours * 1000, bare * 1000, "ms", ours / bare, limit_ms, added_ms <= limit_ms, "ours - reference at most"
    )


def rows() -> Iterator[Row]:
    """Median and 99th percentile of what our software adds."""
    with tempfile.TemporaryDirectory(dir="var") as folder:
        directory = Path(folder).resolve()
        with running_mosquitto(directory / "mosquitto", "hujingyuan", {}) as broker:
            plant = Plant(directory / "gateway", broker.settings())
            plant.seed()
            enrol_crowd(plant)
            try:
                plant.start()
                plant.online()
                ours = _ours(plant, broker)
            finally:
                plant.close()
        bare = _bare(directory)
    scale = f" ({CROWD} credentials, full syncs)"
    yield _added("card to coil, median" + scale, statistics.median(ours), statistics.median(bare), 10)
    ours_99, bare_99 = (statistics.quantiles(found, n=100, method="inclusive")[98] for found in (ours, bare))
    yield _added("card to coil, 99th percentile" + scale, ours_99, bare_99, 50)
