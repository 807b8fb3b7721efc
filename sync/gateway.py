"""The gateway's side of sync in one piece: what the roof plugs in."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from gateway.ports import CommandResult, ControllerSink, DeviceError, ListBatch, StatusSink, WhitelistSource
from gateway.signing.keys import PublicKey, SigningKey
from sync.broker import Broker
from sync.clock import Clock
from sync.commands import Commands
from sync.fleet import Fleet
from sync.protocol.topics import Kind, Topics
from sync.publisher import Publisher, PublisherSettings
from sync.session import BrokerSettings
from sync.sitedocs import SiteDocuments
from sync.wire import Will

# One gateway harms no broker: what waited goes out within ten seconds of its return.
MOST_BACK_OFF_S: Final = 8.0


class GatewaySync:
    """A ListListener, the ControllerCommands, and a device to be supervised, all over one broker."""

    def __init__(
        self,
        *,
        site: str,
        broker: BrokerSettings,
        source: WhitelistSource,
        sink: ControllerSink,
        signer: Callable[[], SigningKey],
        clock: Clock,
        jitter: Callable[[], float],
        new_id: Callable[[], str],
        software: str,
        announced: Callable[[], Sequence[PublicKey]] = tuple,
        status: StatusSink | None = None,
        settings: PublisherSettings | None = None,
    ) -> None:
        """``signer`` gives the key that signs now, ``announced`` all keys controllers are to trust (none: as enrolled).

        ``jitter`` draws from 0 to 1, ``new_id`` a fresh name for a command.
        """
        self.name = "broker"
        self._sink = sink
        self._topics = Topics(site)
        self._wire = Broker(
            self.name,
            broker,
            self,
            clock=clock,
            jitter=jitter,
            will=self._make_will,
            status=status,
            most_back_off_s=MOST_BACK_OFF_S,
        )
        self._documents = SiteDocuments(
            self._topics, source, self._wire, signer=signer, announced=announced, clock=clock, software=software
        )
        self._commands = Commands(
            self._topics, self._wire, signer=signer, clock=clock, new_id=new_id, boot_of=self._boot_of
        )
        self.publisher = Publisher(
            self._topics,
            source,
            self._wire,
            signer,
            clock=clock,
            alarm=sink.sync_alarm,
            highest=self._highest,
            settings=settings,
        )
        self.fleet = Fleet(
            self._topics,
            source,
            self._wire,
            sink,
            clock,
            reported=self.publisher.reported,
            replied=self._commands.replied,
        )
        self._tasks: asyncio.TaskGroup | None = None
        self._lost = False

    # The parts know each other by these three, for they cannot all be made first.

    def _make_will(self) -> Will:
        return self._documents.will()

    def _boot_of(self, controller: str) -> str | None:
        return self.fleet.boot_of(controller)

    def _highest(self, list_: str) -> tuple[int, int]:
        return self.fleet.highest(list_)

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._wire.connected

    async def run(self) -> None:
        """Serves until cancelled; reconnects by itself."""
        async with asyncio.TaskGroup() as self._tasks:
            tasks = self._tasks
            tasks.create_task(self._wire.run())
            tasks.create_task(self.publisher.run())
            tasks.create_task(self.fleet.run())

    # --- ListListener ---

    def lists_changed(self, batches: Sequence[ListBatch]) -> None:
        """Durable changes of lists."""
        self.publisher.lists_changed(batches)

    def site_changed(self) -> None:
        """Schedules, portals or controllers changed."""
        if self._wire.connected:
            self._documents.say()

    # --- ControllerCommands ---

    async def command(self, controller: str, kind: str, portal: str | None, by: str) -> CommandResult:
        """Signs and sends one command and waits for its reply, at most ten seconds."""
        return await self._commands.send(controller, kind, portal, by)

    # --- WireListener ---

    def wire_connected(self) -> None:
        """Listens to the controllers first, then speaks."""
        self._lost = False
        if self._tasks is not None:
            self._tasks.create_task(self._greet())

    async def _greet(self) -> None:
        try:
            await self.fleet.listen()
        except DeviceError:
            return  # the session is over already; the next one starts again
        self.fleet.wire_is_back()
        self._documents.say()
        self.publisher.connected()

    def wire_lost(self, why: str) -> None:
        """Decisions at the gates go on; changes wait."""
        self.publisher.lost()
        if not self._lost:
            self._lost = True
            self._sink.sync_alarm("broker_offline", {"why": why})

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Sorts what arrives."""
        address = self._topics.parse(topic)
        if address is None:
            return
        if address.kind in {Kind.HEAD, Kind.TAIL, Kind.PAGE}:
            if retained and payload:
                self.publisher.retained(address, topic, payload)
        elif address.kind in {Kind.STATUS, Kind.EVENTS, Kind.REPLIES}:
            if retained:
                self.publisher.heard()
            self.fleet.heard(address, payload)
