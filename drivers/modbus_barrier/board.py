"""One connection to a Modbus board. It never repeats a write and never reconnects by itself."""

import asyncio
import socket
import struct
from urllib.parse import urlsplit

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse

from drivers.faults import board_offline, board_refused, modbus_errors
from drivers.modbus_barrier.coil_pdu import WriteCoilValue
from drivers.modbus_barrier.protocol.map import Coil, Input
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from gateway.ports import DeviceRefusedError

_DISCARD_UNSENT = struct.pack("ii", 1, 0)


class Board:
    """Opened once, used, closed; after any silence it is closed and a new one opened.

    A late answer must not be taken for the answer to the next question, and a command that got no
    answer must not leave a buffer later.
    """

    def __init__(self, settings: ModbusBarrierSettings) -> None:
        self._settings = settings
        self._client = _client(settings)
        self._client.register(WriteCoilValue)
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Raises DeviceOfflineError when there is no such port, or nobody listens."""
        with modbus_errors(self._settings.name, self._settings.link):
            connected = await self._client.connect()
        if not connected:
            raise board_offline(self._settings.name, self._settings.link)

    @property
    def connected(self) -> bool:
        """False once the port vanished or the board was closed."""
        return bool(self._client.connected)

    async def inputs(self) -> list[bool]:
        """The eight discrete inputs."""
        async with self._turn:
            self._check()
            with modbus_errors(self._settings.name, self._settings.link):
                reply = await self._client.read_discrete_inputs(0, count=len(Input), device_id=self._settings.unit)
        return self._bits(reply, ReadDiscreteInputsResponse, len(Input))

    async def held(self) -> bool:
        """Whether the hold relay is on: it may have been switched on before we started."""
        async with self._turn:
            self._check()
            with modbus_errors(self._settings.name, self._settings.link):
                reply = await self._client.read_coils(Coil.HOLD, count=1, device_id=self._settings.unit)
        return self._bits(reply, ReadCoilsResponse, 1)[0]

    async def write(self, address: int, value: int) -> None:
        """One write of one coil, sent once. Raises DeviceRefusedError when the echo is not what was written."""
        request = WriteCoilValue(address, value, self._settings.unit)
        async with self._turn:
            self._check()
            with modbus_errors(self._settings.name, self._settings.link):
                reply = await self._client.execute(no_response_expected=False, request=request)
        self._accept(reply)
        if not isinstance(reply, WriteCoilValue) or (reply.address, reply.value) != (address, value):
            raise DeviceRefusedError(
                "The board of %(device)s echoed another command than it was given: look whether the arm moved.",
                device=self._settings.name,
            )

    def close(self) -> None:
        """Also throws away what was not sent yet, here and in the kernel: it must not leave later."""
        if not self.connected:
            return
        transport = self._client.ctx.transport
        wire = transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_UNSENT)
        transport.abort()  # type: ignore[attr-defined]  # pymodbus declares the base of it only
        self._client.close()

    def _check(self) -> None:
        if not self.connected:
            raise board_offline(self._settings.name, self._settings.link)

    def _bits(self, reply: ModbusPDU, kind: type[ModbusPDU], count: int) -> list[bool]:
        self._accept(reply)
        if type(reply) is not kind or len(reply.bits) < count:
            raise DeviceRefusedError("The board of %(device)s answered another question.", device=self._settings.name)
        return list(reply.bits[:count])

    def _accept(self, reply: ModbusPDU) -> None:
        if reply.isError():
            raise board_refused(self._settings.name, reply.exception_code)


def _client(settings: ModbusBarrierSettings) -> AsyncModbusSerialClient | AsyncModbusTcpClient:
    once = {"retries": 0, "reconnect_delay": 0, "timeout": settings.answer_ms / 1000}
    address = urlsplit(settings.link)
    if address.scheme in {"tcp", "socket"}:
        framer = FramerType.SOCKET if address.scheme == "tcp" else FramerType.RTU
        return AsyncModbusTcpClient(address.hostname or "", port=address.port or 502, framer=framer, **once)  # type: ignore[arg-type]  # each key has its own type
    return AsyncModbusSerialClient(settings.link, baudrate=settings.baud, **once)  # type: ignore[arg-type]  # as above
