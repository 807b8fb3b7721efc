"""Bytes of a serial link on the event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drivers.link.serial import SerialLink

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK_EVERY_S = 0.01  # a link without a descriptor (rfc2217://) has to be asked


async def chunks(link: SerialLink, idle_s: float) -> AsyncIterator[bytes]:
    """Yields what arrives, and ``b""`` once the line has been quiet for ``idle_s`` after bytes.

    Raises DeviceOfflineError when the link vanishes. Leaves the link open: who opened it closes it.
    """
    with _readable(link) as readable:
        pending = False
        while True:
            arrived = await _wait(readable, idle_s if pending else None)
            data = link.read() if arrived else b""
            readable.clear()
            if data or pending:
                yield data
            pending = bool(data)


async def _wait(readable: asyncio.Event, idle_s: float | None) -> bool:
    try:
        async with asyncio.timeout(idle_s):
            await readable.wait()
    except TimeoutError:
        return False
    return True


@contextmanager
def _readable(link: SerialLink) -> "Iterator[asyncio.Event]":
    """An event that is set whenever the link may have bytes."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptor = link.fileno()
    if descriptor is None:
        task = loop.create_task(_ask(event))
        try:
            yield event
        finally:
            task.cancel()
        return
    loop.add_reader(descriptor, event.set)
    try:
        yield event
    finally:
        loop.remove_reader(descriptor)


async def _ask(event: asyncio.Event) -> None:
    while True:
        event.set()
        await asyncio.sleep(_ASK_EVERY_S)
