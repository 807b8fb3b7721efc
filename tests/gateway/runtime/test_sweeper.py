"""What time alone changes is looked for again and again, beside the loop."""

import asyncio
import threading

import pytest

from gateway.runtime.sweeper import Sweeper
from tests.gateway.runtime.fakes import until


async def test_sweeps_in_a_thread_until_it_fails() -> None:
    """Each failure ends the run: supervision starts it again, more slowly."""
    threads: list[str] = []

    def sweep() -> None:
        threads.append(threading.current_thread().name)
        if len(threads) == 3:
            raise ZeroDivisionError

    task = asyncio.create_task(Sweeper(sweep, every_s=0.001).run())
    await until(task.done)
    with pytest.raises(ZeroDivisionError):
        await task
    assert len(threads) == 3
    assert threading.main_thread().name not in threads
