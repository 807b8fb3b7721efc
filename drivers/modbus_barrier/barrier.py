"""A barrier on a Modbus board, as a device of the gateway.

Rule above all: a coil is written inside an explicit command, and nowhere else. Starting, stopping,
reconnecting and polling only read.
"""

import asyncio
import time

from drivers.faults import board_offline
from drivers.modbus_barrier.board import Board
from drivers.modbus_barrier.protocol.map import OFF, ON, Coil, flash
from drivers.modbus_barrier.protocol.motion import Arm, Goal
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from drivers.redial import keep_dialling
from drivers.status import StatusReporter
from gateway.ports import BarrierReading, BarrierSink, BarrierState, DeviceOfflineError, DeviceRefusedError

_DEAF = "%(device)s answers as unit %(unit)s, but does not tell its eight inputs: is it the right board?"


class ModbusBarrier:
    """Implements gateway.ports.Barrier."""

    def __init__(self, settings: ModbusBarrierSettings, sink: BarrierSink) -> None:
        self._settings = settings
        self._sink = sink
        self._status = StatusReporter(settings.name, sink)
        self._arm = Arm(settings.name, settings.travel_s)
        self._board: Board | None = None
        self._commands = asyncio.Lock()
        self._said: BarrierReading | None = None

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._settings.name

    @property
    def reading(self) -> BarrierReading:
        """The last known inputs; all unknown while offline."""
        return self._arm.reading

    async def run(self) -> None:
        """Polls the inputs; a lost board is called again every second, here and not by the supervisor."""
        await keep_dialling(self._session, self._status)

    async def _session(self) -> None:
        board = Board(self._settings)
        try:
            await board.open()
            await self._poll(board)
        except DeviceRefusedError as error:
            raise DeviceOfflineError(_DEAF, device=self.name, unit=self._settings.unit) from error
        finally:
            self._board = None
            board.close()
            self._say(self._arm.lost())

    async def _poll(self, board: Board) -> None:
        self._arm.held = await board.held()
        while True:
            await self._refresh(board)
            self._board = board
            self._status.online()
            await asyncio.sleep(self._settings.poll_ms / 1000)

    async def _refresh(self, board: Board) -> None:
        bits = await board.inputs()
        was_stuck = self._arm.stuck
        self._say(self._arm.inputs(bits, time.monotonic()))
        if self._arm.stuck and not was_stuck:
            self._sink.device_alarm(self.name, "stuck", {"travel_s": self._settings.travel_s})

    def _say(self, reading: BarrierReading) -> None:
        if reading == self._said:
            return
        fault_is_new = reading.state is BarrierState.FAULT and (
            self._said is None or self._said.state is not BarrierState.FAULT
        )
        self._said = reading
        self._sink.barrier_reading(self.name, reading)
        if fault_is_new and not self._arm.stuck:
            self._sink.device_alarm(self.name, "fault", {})

    # --- Commands ----------------------------------------------------------------------------------

    async def open(self, pulse_ms: int) -> None:
        """One pulse, timed by the board; none while the hold relay keeps the arm up."""
        async with self._commands:
            board = await self._fresh()
            if self._arm.may_open():
                await self._write(board, *flash(Coil.OPEN, pulse_ms))
                self._arm.sent(Goal.OPEN, time.monotonic())

    async def close(self) -> None:
        """One pulse; refused while a loop or the beam is occupied or unknown, judged on inputs read just now."""
        async with self._commands:
            board = await self._fresh()
            if self._arm.may_close():
                await self._write(board, *flash(Coil.CLOSE, self._settings.motion_pulse_ms))
                self._arm.sent(Goal.CLOSED, time.monotonic())

    async def stop(self) -> None:
        """One pulse, whatever the state: a stop is never refused by us."""
        async with self._commands:
            await self._write(self._online(), *flash(Coil.STOP, self._settings.motion_pulse_ms))
            self._arm.stopped()

    async def hold(self) -> None:
        """Keeps the hold relay on until released; the board raises the arm and keeps it up."""
        async with self._commands:
            board = await self._fresh()
            self._arm.may_open()
            await self._write(board, Coil.HOLD, ON)
            self._arm.held = True

    async def release(self) -> None:
        """Switches the hold relay off; the arm is not driven down by it."""
        async with self._commands:
            await self._write(self._online(), Coil.HOLD, OFF)
            self._arm.held = False

    def _online(self) -> Board:
        board = self._board
        if board is None or not board.connected:
            raise board_offline(self.name, self._settings.link)
        return board

    async def _fresh(self) -> Board:
        """The board, after reading its inputs: a command is judged on what is, not on what was."""
        board = self._online()
        await self._refresh(board)
        return board

    async def _write(self, board: Board, address: int, value: int) -> None:
        try:
            await board.write(address, value)
        except DeviceOfflineError:
            board.close()  # what was not sent must not leave later; the poll finds the board closed and dials anew
            raise
