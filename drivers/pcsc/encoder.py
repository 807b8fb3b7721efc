"""A desk encoder on PC/SC: cards laid down and lifted, and commands to the card."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from drivers.pcsc.protocol.contactless import GET_UID, card_of_reply
from drivers.pcsc.settings import PcscEncoderSettings
from drivers.pcsc.winscard import CardHandle, Watcher
from drivers.redial import keep_dialling
from drivers.status import StatusReporter
from gateway.domain.errors import GatehouseError
from gateway.ports import DeviceOfflineError, DeviceRefusedError, EncoderSink
from gateway.ports.cards import CardTransport

T = TypeVar("T")
ANSWER_S: Final = 15.0
"""Far longer than any command takes, formatting included: after this the service or the reader hangs."""


class PcscEncoder:
    """Implements gateway.ports.Device and tells an EncoderSink. One thread watches, another talks to the card."""

    def __init__(self, settings: PcscEncoderSettings, sink: EncoderSink) -> None:
        self._settings = settings
        self._sink = sink
        self._status = StatusReporter(settings.name, sink)
        self._watching = ThreadPoolExecutor(1, thread_name_prefix=f"{settings.name}-watch")
        self._talking = ThreadPoolExecutor(1, thread_name_prefix=f"{settings.name}-card")
        self._card: LaidCard | None = None
        self._laid: int | None = None

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._settings.name

    async def run(self) -> None:
        """Serves for ever; a stopped service or an unplugged reader is looked for again every second."""
        await keep_dialling(self._session, self._status)

    def card(self) -> CardTransport:
        """The card that lies there now. Raises DeviceRefusedError when there is none."""
        if self._card is None:
            raise DeviceRefusedError("No card lies on %(device)s.", device=self.name)
        return self._card

    async def _session(self) -> None:
        watcher = await _in(self._watching, lambda: Watcher(self.name, self._settings.reader))
        try:
            self._status.online()
            while True:
                await self._changed(watcher.reader, await _in(self._watching, watcher.wait))
        finally:
            self._watching.submit(watcher.close)
            self._lift()

    async def _changed(self, reader: str, count: int | None) -> None:
        """``count``: see Watcher.wait. Another count with a card on it is another card."""
        if count is None or count == self._laid:
            return
        self._lift()
        if count >= 0:
            self._laid = count
            await self._lay(reader)

    async def _lay(self, reader: str) -> None:
        try:
            handle = await _in(self._talking, lambda: CardHandle(self.name, reader))
            self._card = LaidCard(self.name, handle, self._talking)
            card = card_of_reply(await self._card.transmit(GET_UID))
        except GatehouseError as error:
            self._sink.card_unreadable(self.name, str(error))
        else:
            self._sink.card_laid(self.name, card)

    def _lift(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            card.close()
        if self._laid is not None:
            self._laid = None
            self._sink.card_lifted(self.name)


class LaidCard:
    """One card from laying to lifting, spoken to on the encoder's second thread."""

    def __init__(self, device: str, handle: CardHandle, thread: ThreadPoolExecutor, answer_s: float = ANSWER_S) -> None:
        self.atr = handle.atr
        self._device = device
        self._handle = handle
        self._thread = thread
        self._answer_s = answer_s

    async def transmit(self, apdu: bytes) -> bytes:
        """Raises DeviceOfflineError when the card was lifted, or is silent: what it did meanwhile is unknown.

        A command that still waits for the thread then is never sent.
        """
        try:
            async with asyncio.timeout(self._answer_s):
                return await _in(self._thread, lambda: self._handle.transmit(apdu))
        except TimeoutError as error:
            raise DeviceOfflineError(
                "The card on %(device)s was lifted or does not answer.", device=self._device
            ) from error

    def close(self) -> None:
        """Lets go of it after whatever is under way."""
        self._thread.submit(self._handle.close)


async def _in(executor: ThreadPoolExecutor, function: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, function)
