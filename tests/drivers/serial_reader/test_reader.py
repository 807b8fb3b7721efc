"""Scanners and card readers over a real pty."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.serial_reader.protocol.number import Meaning, NumberForm
from drivers.serial_reader.reader import LineScanner, SerialReader
from drivers.serial_reader.settings import Frame, LineScannerSettings, SerialReaderSettings
from gateway.domain.identity import Identity
from gateway.ports import Device, DeviceState
from simulators.devices import scanner as simulated
from tests.drivers.sinks import KeepingSink

Start = Callable[[Device], object]


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[simulated.LineScanner]:
    made = simulated.LineScanner(tmp_path / "scanner")
    yield made
    made.stop()


async def online(sink: KeepingSink) -> None:
    await sink.until(lambda: sink.state("s1") is DeviceState.ONLINE)


async def test_lines_with_and_without_an_end(
    wire: simulated.LineScanner, sink: KeepingSink, running: Start, tmp_path: Path
) -> None:
    """CR LF ends a text at once, 80 ms of silence end it too."""
    running(LineScanner(LineScannerSettings("s1", str(tmp_path / "scanner")), sink))
    await online(sink)
    wire.scan("GH1:first")
    await sink.until(lambda: len(sink.texts) == 1)
    wire.scan("放行条", end="")
    await sink.until(lambda: len(sink.texts) == 2)
    assert sink.texts == [("s1", "GH1:first"), ("s1", "放行条")]


async def test_a_reader_unplugged_comes_back(
    wire: simulated.LineScanner, sink: KeepingSink, running: Start, tmp_path: Path
) -> None:
    """One word when it goes, no busy loop, back within two seconds under the same name; half a frame is forgotten."""
    settings = SerialReaderSettings("s1", str(tmp_path / "scanner"), Frame.RDM6300, presents=Meaning.W26)
    running(SerialReader(settings, sink))
    await online(sink)
    wire.send(b"\x0262E308")
    cpu = time.process_time()
    wire.cable.unplug()
    await sink.until(lambda: sink.state("s1") is DeviceState.OFFLINE)
    wire.cable.plug()
    await online(sink)
    assert time.process_time() - cpu < 0.5
    wire.send(b"\x0262E3086CED08\x03")
    await sink.until(lambda: sink.presentations)
    assert [i for _, i, _ in sink.presentations] == [Identity.wiegand(24, 0x086CED)]
    assert [s.state for s in sink.statuses] == [
        DeviceState.STARTING,
        DeviceState.ONLINE,
        DeviceState.OFFLINE,
        DeviceState.ONLINE,
    ]


async def test_garbage_is_one_alarm_and_never_a_card(
    wire: simulated.LineScanner, sink: KeepingSink, running: Start, tmp_path: Path
) -> None:
    """Noise is counted; a repeated card is one presentation."""
    settings = SerialReaderSettings("s1", str(tmp_path / "scanner"), Frame.LINES, NumberForm.HEX)
    reader = SerialReader(settings, sink)
    running(reader)
    await online(sink)
    for _ in range(3):
        wire.send(b"\xff\xfenoise\r\n")
        wire.send(b"04A1B2C3\r\n")
    await sink.until(lambda: sink.presentations and sink.alarms)
    wire.send(b"04A1B2C4\r\n")
    await sink.until(lambda: len(sink.presentations) == 2)
    assert [i.value.hex() for _, i, _ in sink.presentations] == ["04a1b2c3", "04a1b2c4"]
    assert len(sink.alarms) == 1
    assert reader.refused_bytes == 21
