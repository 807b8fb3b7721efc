"""Opens a barrier and is gone: nothing of it is left to switch a relay off."""

import asyncio
import os
import signal
import sys

from drivers.modbus_barrier.barrier import ModbusBarrier
from drivers.modbus_barrier.settings import ModbusBarrierSettings
from gateway.ports import BarrierState
from tests.drivers.sinks import KeepingSink


async def main(link: str) -> None:
    sink = KeepingSink()
    barrier = ModbusBarrier(ModbusBarrierSettings("west", link, poll_ms=30), sink)
    running = asyncio.create_task(barrier.run())
    await sink.until(lambda: barrier.reading.state is BarrierState.CLOSED)
    await barrier.open(pulse_ms=300)
    os.kill(os.getpid(), signal.SIGKILL)
    await running


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
