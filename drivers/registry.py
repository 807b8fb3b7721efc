"""From the name of a kind in the configuration to a device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from drivers.modbus_barrier.barrier import ModbusBarrier
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from drivers.osdp.bus import BusThread
from drivers.osdp.line import OsdpLine
from drivers.osdp.settings import OsdpLineSettings
from drivers.pcsc.encoder import PcscEncoder
from drivers.pcsc.gate_reader import GateReader
from drivers.pcsc.settings import PcscEncoderSettings, VpcdEncoderSettings
from drivers.pcsc.vpcd_encoder import VpcdEncoder
from drivers.serial_reader.reader import LineScanner, SerialReader
from drivers.serial_reader.settings import LineScannerSettings, SerialReaderSettings
from drivers.settings import load, malformed
from gateway.domain.errors import MalformedError
from gateway.ports import BarrierSink, Device, EncoderSink, ReaderSink
from gateway.ports.cards import CardEncoder, ReadCard


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where devices report to. Make one for the process: all OSDP lines share the thread in it.

    ``read_card`` is for readers that read the number in our application themselves.
    """

    readers: ReaderSink
    barriers: BarrierSink
    encoders: EncoderSink
    read_card: ReadCard
    osdp: BusThread = field(default_factory=BusThread)


Factory = Callable[[Mapping[str, object], Sinks], Device]

FACTORIES: Final[Mapping[str, Factory]] = {
    "osdp-line": lambda table, sinks: OsdpLine(load(OsdpLineSettings, table), sinks.readers, sinks.osdp),
    "modbus-barrier": lambda table, sinks: ModbusBarrier(load(ModbusBarrierSettings, table), sinks.barriers),
    "line-scanner": lambda table, sinks: LineScanner(load(LineScannerSettings, table), sinks.readers),
    "serial-reader": lambda table, sinks: SerialReader(load(SerialReaderSettings, table), sinks.readers),
    "pcsc-encoder": lambda table, sinks: PcscEncoder(load(PcscEncoderSettings, table), sinks.encoders),
    "vpcd-encoder": lambda table, sinks: VpcdEncoder(load(VpcdEncoderSettings, table), sinks.encoders),
    "pcsc-reader": lambda table, sinks: _gate_reader(partial(PcscEncoder, load(PcscEncoderSettings, table)), sinks),
    "vpcd-reader": lambda table, sinks: _gate_reader(partial(VpcdEncoder, load(VpcdEncoderSettings, table)), sinks),
}


def _gate_reader(made: Callable[[EncoderSink], CardEncoder], sinks: Sinks) -> GateReader:
    return GateReader(made, sinks.readers, sinks.read_card)


def build(settings: Mapping[str, object], sinks: Sinks) -> Device:
    """A device from one table of the configuration: ``kind``, ``name`` and what the kind needs.

    Nothing is opened here. Raises MalformedError naming the field.
    """
    table = dict(settings)
    kind = table.pop("kind", None)
    factory = FACTORIES.get(str(kind))
    if factory is None:
        raise malformed(table.get("name", "?"), "kind", f"must be one of {', '.join(FACTORIES)}")
    if not isinstance(table.get("name"), str) or not table["name"]:
        raise MalformedError("A device has no name.", fields={"name": "is missing"})
    return factory(table, sinks)
