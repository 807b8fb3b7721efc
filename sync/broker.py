"""paho-mqtt on the event loop: one client a session, reconnecting by itself.

paho's own socket is watched by the loop (``add_reader``), without a thread: a publish is written in
the call, a message is handled in the loop's next turn. Each session starts clean with a new client;
whoever publishes retained state publishes it again after :meth:`WireListener.wire_connected`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from gateway.ports import DeviceOfflineError, DeviceState, DeviceStatus, StatusSink
from sync.clock import Clock
from sync.session import BrokerSettings, OtherProtocolError, Session, failed
from sync.wire import Will, WireListener

FIRST_BACK_OFF_S: Final = 1.0
MOST_BACK_OFF_S: Final = 60.0
_SESSION_OK_S: Final = 10.0


class Broker:
    """The adapter. ``run`` serves until cancelled; everything else may be called at any time on the loop."""

    def __init__(
        self,
        name: str,
        settings: BrokerSettings,
        listener: WireListener,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        will: Callable[[], Will | None] = lambda: None,
        status: StatusSink | None = None,
        most_back_off_s: float = MOST_BACK_OFF_S,
    ) -> None:
        """``jitter`` gives numbers from 0 to 1; ``will`` is asked at each connection."""
        self._most_back_off_s = most_back_off_s
        self.name = name
        self._settings = settings
        self._listener = listener
        self._clock = clock
        self._jitter = jitter
        self._will = will
        self._status = status
        self._session: Session | None = None
        self._state = DeviceState.STARTING
        self._hurry = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()

    @property
    def connected(self) -> bool:
        """Whether a session is open."""
        return self._session is not None

    async def run(self) -> None:
        """Keeps a session open; waits 1 s and up to the most between tries, each wait drawn from its upper half."""
        back_off = FIRST_BACK_OFF_S
        while True:
            await self._up.wait()
            self._hurry.clear()
            opened = self._clock.monotonic()
            why = await self._serve_once()
            self._tell(DeviceState.OFFLINE, why)
            if self._clock.monotonic() - opened > _SESSION_OK_S:
                back_off = FIRST_BACK_OFF_S
            if await self._healed(back_off * (0.5 + self._jitter() / 2)):
                back_off = FIRST_BACK_OFF_S
            else:
                back_off = min(back_off * 2, self._most_back_off_s)

    async def _healed(self, pause_s: float) -> bool:
        """Waits; True when the cable came back meanwhile."""
        pause = asyncio.ensure_future(self._clock.sleep(pause_s))
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait((pause, hurry), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            hurry.cancel()
        return self._hurry.is_set()

    async def _serve_once(self) -> str:
        try:
            session = await self._open()
        except (OSError, DeviceOfflineError) as error:
            self._listener.wire_lost(str(error))
            return str(error)
        self._session = session
        self._tell(DeviceState.ONLINE, "")
        self._listener.wire_connected()
        try:
            why = await session.wait_closed()
        finally:
            self._session = None
            session.close()
        self._listener.wire_lost(why)
        return why

    async def _open(self) -> "Session":
        """A session in MQTT 5, or in 3.1.1 with a broker that does not speak 5."""
        if self._settings.mqtt5:
            with contextlib.suppress(OtherProtocolError):
                return await self._attempt(MQTTProtocolVersion.MQTTv5)
        return await self._attempt(MQTTProtocolVersion.MQTTv311)

    async def _attempt(self, protocol: MQTTProtocolVersion) -> "Session":
        session = Session(self._settings, protocol, self._will(), self._listener)
        try:
            await session.open()
        except BaseException:
            session.close()
            raise
        return session

    def _tell(self, state: DeviceState, why: str) -> None:
        if self._status is not None and state is not self._state:
            params = {"why": why} if why else {}
            sentence = "The broker is out of reach: %(why)s" if why else ""
            self._status.device_status(DeviceStatus(self.name, state, sentence, params))
        self._state = state

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        """See sync.wire.Wire."""
        if self._session is None:
            return failed(DeviceOfflineError("The broker is out of reach."))
        return self._session.publish(topic, payload, retain=retain)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """See sync.wire.Wire."""
        await self._required().subscribe(topics)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """See sync.wire.Wire."""
        await self._required().unsubscribe(topics)

    def _required(self) -> "Session":
        if self._session is None:
            raise DeviceOfflineError("The broker is out of reach.")
        return self._session

    def hold_down(self) -> None:
        """Closes the connection without a word, as a cut cable does, and opens none until :meth:`let_up`."""
        self._up.clear()
        if self._session is not None:
            self._session.lost("cut")

    def let_up(self) -> None:
        """The cable is back: a try is made at once."""
        self._up.set()
        self._hurry.set()
