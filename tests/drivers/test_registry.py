"""A table of the configuration becomes a device, or an error that names the field."""

from collections.abc import Mapping

import pytest

from drivers.modbus_barrier.barrier import ModbusBarrier
from drivers.osdp.line import OsdpLine
from drivers.pcsc.encoder import PcscEncoder
from drivers.pcsc.gate_reader import GateReader
from drivers.pcsc.vpcd_encoder import VpcdEncoder
from drivers.registry import FACTORIES, Sinks, build
from drivers.serial_reader.reader import LineScanner, SerialReader
from gateway.domain.errors import MalformedError
from gateway.ports.cards import CardTransport, GateReading
from tests.drivers.sinks import KeepingSink

READER = {"name": "west-in", "address": 1, "scbk": "00" * 16}
TABLES: list[tuple[Mapping[str, object], type]] = [
    ({"kind": "osdp-line", "name": "line-1", "link": "/dev/x", "readers": [READER]}, OsdpLine),
    ({"kind": "modbus-barrier", "name": "west", "link": "tcp://127.0.0.1:502", "travel_s": 6}, ModbusBarrier),
    ({"kind": "line-scanner", "name": "scan", "link": "/dev/x"}, LineScanner),
    ({"kind": "serial-reader", "name": "east", "link": "/dev/x", "frame": "rdm6300", "presents": "w26"}, SerialReader),
    ({"kind": "pcsc-encoder", "name": "desk"}, PcscEncoder),
    ({"kind": "vpcd-encoder", "name": "demo", "port": 0}, VpcdEncoder),
    ({"kind": "pcsc-reader", "name": "gate"}, GateReader),
    ({"kind": "vpcd-reader", "name": "demo-gate", "port": 0}, GateReader),
]


async def _reads_nothing(card: CardTransport) -> GateReading:
    raise AssertionError(card)


@pytest.fixture
def sinks(sink: KeepingSink) -> Sinks:
    return Sinks(sink, sink, sink, _reads_nothing)


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_kind_is_built(table: Mapping[str, object], kind: type, sinks: Sinks) -> None:
    """Nothing is opened by building."""
    device = build(table, sinks)
    assert isinstance(device, kind)
    assert device.name == table["name"]


def test_every_kind_is_tried() -> None:
    """A new kind needs a table above."""
    assert {table["kind"] for table, _ in TABLES} == set(FACTORIES)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "lift"}, "kind"),
        ({"name": ""}, "name"),
        ({"link": None}, "link"),
        ({"speed": 9600}, "speed"),
        ({"baud": "fast"}, "baud"),
        ({"baud": True}, "baud"),
        ({"readers": []}, "readers"),
        ({"readers": [READER, READER]}, "readers"),
        ({"readers": [READER | {"address": 127}]}, "address"),
        ({"readers": [READER | {"scbk": "00"}]}, "scbk"),
        ({"readers": [READER | {"scbk": "xy" * 16}]}, "scbk"),
        ({"readers": [READER | {"scbk": "303132333435363738393A3B3C3D3E3F"}]}, "scbk"),
        ({"readers": [READER | {"presents": "smell"}]}, "presents"),
        ({"readers": ["west-in"]}, "readers"),
        ({"readers": [{"name": "west-in", "address": 1}]}, "scbk"),
    ],
)
def test_mistakes_name_their_field(change: Mapping[str, object], field: str, sinks: Sinks) -> None:
    """Unknown, missing, of the wrong type, out of range, and the public default key."""
    with pytest.raises(MalformedError) as caught:
        build({**TABLES[0][0], **change}, sinks)
    assert set(caught.value.fields) == {field}


def test_keys_do_not_show(sinks: Sinks) -> None:
    """A key is not in the settings' text, which may reach a log."""
    line = build({**TABLES[0][0], "readers": [READER | {"scbk": "AB" * 16}]}, sinks)
    assert isinstance(line, OsdpLine)
    assert "ab" * 16 not in repr(line._settings).lower()
