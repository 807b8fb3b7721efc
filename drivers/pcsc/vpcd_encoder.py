"""A desk encoder without hardware: virtual cards connect to it as they do to vsmartcard's vpcd."""

import asyncio
import ipaddress
import socket

from drivers.pcsc.protocol.contactless import GET_UID, card_of_reply
from drivers.pcsc.protocol.vpcd import LENGTH_BYTES, LONGEST, Control, length_of, pack
from drivers.pcsc.settings import VpcdEncoderSettings
from drivers.settings import malformed
from drivers.status import StatusReporter
from gateway.domain.errors import GatehouseError
from gateway.ports import DeviceOfflineError, DeviceRefusedError, EncoderSink
from gateway.ports.cards import CardTransport

_ANSWER_S = 3.0
_WRONG_LENGTH = b"\x67\x00"
_SHORTEST = 4  # ISO/IEC 7816-4:2020, 5.6: a command has four bytes at least
_TWO_CARDS = "Two cards lie on the encoder: take one away."


class VpcdEncoder:
    """Implements gateway.ports.Device and tells an EncoderSink. A connection is a card laid down."""

    def __init__(self, settings: VpcdEncoderSettings, sink: EncoderSink) -> None:
        if not ipaddress.ip_address(settings.host).is_loopback:
            raise malformed(settings.name, "host", "must be a loopback address: anyone there could lay cards")
        self._settings = settings
        self._sink = sink
        self._status = StatusReporter(settings.name, sink)
        self._card: _Connection | None = None
        self.port: int | None = None

    @property
    def name(self) -> str:
        """Stable name from the configuration."""
        return self._settings.name

    async def run(self) -> None:
        """Listens; ``port`` tells where once the status is online. Raises DeviceOfflineError when the port is taken."""
        self._status.starting()
        try:
            server = await asyncio.start_server(self._serve, self._settings.host, self._settings.port)
        except OSError as error:
            lost = DeviceOfflineError("Port %(port)s is taken by another program.", port=self._settings.port)
            self._status.offline(lost)
            raise lost from error
        self.port = int(server.sockets[0].getsockname()[1])
        self._status.online()
        try:
            await server.serve_forever()
        finally:
            if self._card is not None:
                self._card.close()

    def card(self) -> CardTransport:
        """The card that lies there now. Raises DeviceRefusedError when there is none."""
        if self._card is None:
            raise DeviceRefusedError("No card lies on %(device)s.", device=self.name)
        return self._card

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._card is not None:
            self._sink.card_unreadable(self.name, _TWO_CARDS)
            writer.close()
            return
        self._card = card = _Connection(reader, writer, self.name)
        try:
            await self._lay(card)
            await card.gone.wait()
        except GatehouseError as error:
            self._sink.card_unreadable(self.name, str(error))
        except asyncio.CancelledError:
            return  # the loop ends; asyncio.streams before Python 3.12 reports a cancelled handler as a fault
        finally:
            self._card = None
            card.close()
            self._sink.card_lifted(self.name)

    async def _lay(self, card: "_Connection") -> None:
        card.control(Control.POWER_ON)
        card.atr = await card.ask(bytes((Control.ATR,)))
        try:
            laid = card_of_reply(await card.transmit(GET_UID))
        except GatehouseError as error:
            if card.gone.is_set():
                raise
            self._sink.card_unreadable(self.name, str(error))
        else:
            self._sink.card_laid(self.name, laid)


class _Connection:
    """One virtual card. A reader task notices that it was lifted while nobody asks it anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, device: str) -> None:
        self._writer = writer
        self._device = device
        self._turn = asyncio.Lock()
        self._replies: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        self.gone = asyncio.Event()
        self.atr = b""
        wire = writer.get_extra_info("socket")
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = await reader.readexactly(LENGTH_BYTES)
                await self._replies.put(await reader.readexactly(length_of(head)))
        except (OSError, asyncio.IncompleteReadError):
            self.gone.set()

    def control(self, control: Control) -> None:
        """A control that has no reply."""
        self._writer.write(pack(bytes((control,))))

    async def transmit(self, apdu: bytes) -> bytes:
        """One command to the card and its reply with the status bytes; a command of one byte would be a control."""
        if not _SHORTEST <= len(apdu) <= LONGEST:
            return _WRONG_LENGTH
        reply = await self.ask(apdu)
        if len(reply) < 2:
            raise DeviceOfflineError("The card on %(device)s was lifted or does not answer.", device=self._device)
        return reply

    async def ask(self, message: bytes) -> bytes:
        """Raises DeviceOfflineError when the card is lifted or does not answer: what it did meanwhile is unknown."""
        async with self._turn:
            self._writer.write(pack(message))
            reply = asyncio.create_task(self._replies.get())
            gone = asyncio.create_task(self.gone.wait())
            try:
                await asyncio.wait({reply, gone}, timeout=_ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
                if reply.done():
                    return reply.result()
            finally:
                reply.cancel()
                gone.cancel()
        self.gone.set()
        raise DeviceOfflineError("The card on %(device)s was lifted or does not answer.", device=self._device)

    def close(self) -> None:
        """Also ends the reader task, and whoever waits for an answer."""
        self.gone.set()
        self._listening.cancel()
        self._writer.close()
