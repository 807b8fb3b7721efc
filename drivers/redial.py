"""A lost link is opened again by its stable name, until it works."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from drivers.status import StatusReporter
from gateway.ports import DeviceOfflineError

RETRY_S = 1.0


async def keep_dialling(
    session: Callable[[], Awaitable[None]], status: StatusReporter, retry_s: float = RETRY_S
) -> NoReturn:
    """Runs ``session`` again and again. A lost link is said once; any other error goes to the supervisor."""
    status.starting()
    while True:
        try:
            await session()
        except DeviceOfflineError as error:
            status.offline(error)
        await asyncio.sleep(retry_s)
