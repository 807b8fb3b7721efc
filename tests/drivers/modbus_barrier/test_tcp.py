"""A barrier on Modbus TCP, against bytes written by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from drivers.modbus_barrier.barrier import ModbusBarrier
from drivers.modbus_barrier.protocol.map import FLASH_ON, Coil
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from gateway.ports import BarrierState, Device, DeviceOfflineError
from tests.drivers.sinks import KeepingSink

CLOSED = b"\x02\x01\x02"


@dataclass
class TcpBoard:
    """MBAP header and PDU: Modbus Messaging on TCP/IP V1.0b, 3.1.3."""

    writes: list[bytes] = field(default_factory=list)
    deaf_to_writes: bool = False
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                transaction, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                reply = self.answer(pdu)
                if reply:
                    writer.write(struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, pdu: bytes) -> bytes:
        if pdu[0] == 1:
            return b"\x01\x01\x00"
        if pdu[0] == 2:
            return CLOSED
        self.writes.append(pdu)
        return b"" if self.deaf_to_writes else pdu


@pytest.fixture
async def board() -> AsyncIterator[TcpBoard]:
    made = TcpBoard()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def test_open_over_tcp(board: TcpBoard, sink: KeepingSink, running: Callable[[Device], object]) -> None:
    """One pulse; when its echo is missing the caller is told, and it is not sent on the next connection."""
    barrier = ModbusBarrier(
        ModbusBarrierSettings("west", f"tcp://127.0.0.1:{board.port}", poll_ms=30, answer_ms=200), sink
    )
    running(barrier)
    await sink.until(lambda: sink.readings and sink.readings[-1].state is BarrierState.CLOSED)
    await barrier.open(pulse_ms=1000)
    pulse = struct.pack(">BHH", 5, FLASH_ON + Coil.OPEN, 10)
    assert board.writes == [pulse]
    await barrier.stop()
    board.deaf_to_writes = True
    await sink.until(lambda: sink.readings[-1].state is BarrierState.CLOSED)
    with pytest.raises(DeviceOfflineError):
        await barrier.open(pulse_ms=1000)
    lost = len(sink.readings)
    await sink.until(lambda: len(sink.readings) > lost + 1 or sink.readings[-1].state is BarrierState.UNKNOWN)
    await sink.until(lambda: sink.readings[-1].state is BarrierState.CLOSED)
    assert [w for w in board.writes if w == pulse] == [pulse] * 2
