"""One MQTT connection: a paho client without a thread, its socket watched by the event loop."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.ports import DeviceOfflineError, DeviceRefusedError
from sync.wire import Will, WireListener

KEEPALIVE_S: Final = 5
CONNECT_TIMEOUT_S: Final = 5.0
ACK_TIMEOUT_S: Final = 10.0
MOST_UNDER_WAY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for a mutually authenticated connection; no certificate of one's own where the broker wants none."""

    ca_file: str
    cert_file: str | None = None
    key_file: str | None = None

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later, the broker's name checked."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is and who we are there. ``mqtt5`` False keeps to MQTT 3.1.1."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None
    mqtt5: bool = True

    def __repr__(self) -> str:
        return f"BrokerSettings({self.username}@{self.host}:{self.port})"


class OtherProtocolError(DeviceOfflineError):
    """The broker hung up on MQTT 5."""


class Session:
    """One connection: a paho client and the loop's watch on its socket."""

    def __init__(
        self, settings: BrokerSettings, protocol: MQTTProtocolVersion, will: Will | None, listener: WireListener
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._protocol = protocol
        self._settings = settings
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[str] = self._loop.create_future()
        self._socket: Any = None
        self._writing = False
        self._client = self._make_client(will)

    def _make_client(self, will: Will | None) -> mqtt.Client:
        settings, mqtt5 = self._settings, self._protocol is MQTTProtocolVersion.MQTTv5
        clean = None if mqtt5 else True  # paho asks for a clean start by itself in MQTT 5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, settings.client_id, clean_session=clean, protocol=self._protocol
        )
        client.username_pw_set(settings.username, settings.password)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(100)
        if settings.tls is not None:
            client.tls_set_context(settings.tls.context())
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_subscribe
        return client

    async def open(self) -> None:
        """Connects and waits for the broker's word; raises OSError or DeviceOfflineError."""
        settings = self._settings
        await asyncio.to_thread(self._client.connect, settings.host, settings.port, KEEPALIVE_S)
        self._socket = self._client.socket()
        if self._socket is None:
            raise DeviceOfflineError("The broker hung up.")
        # a head must not wait for the acknowledgement of the tail before it
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.on_socket_register_write = self._want_write
        self._client.on_socket_unregister_write = self._no_more_write
        self._client.on_socket_close = self._forget_socket
        self._loop.add_reader(self._socket, self._readable)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._opened
        except TimeoutError as error:
            raise DeviceOfflineError("The broker did not answer.") from error

    async def wait_closed(self) -> str:
        """Keeps the connection alive until it ends; returns why it did."""
        while True:
            done, _pending = await asyncio.wait([self._closed], timeout=1.0)
            if done:
                return self._closed.result()
            self._client.loop_misc()

    def close(self) -> None:
        """Says goodbye where that is still possible, and lets go of everything."""
        if not self._closed.done():
            self._client.disconnect()
        self.lost("closed")
        self._opened.cancel()
        self._forget_socket()
        with contextlib.suppress(OSError):
            self._client._sock_close()  # noqa: SLF001  # paho closes its socket only from its own loop

    def lost(self, why: str) -> None:
        """The connection is gone: everyone who waits is told."""
        if not self._closed.done():
            self._closed.set_result(why)
        if not self._opened.done():
            self._opened.set_exception(DeviceOfflineError(why))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(DeviceOfflineError("The connection to the broker was lost."))
        self._waiting.clear()
        self._forget_socket()

    def _forget_socket(self, *_paho_arguments: object) -> None:
        """Before the socket is closed: its number will soon be another's."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket = None

    # --- the loop calls these ---

    def _readable(self) -> None:
        while self._socket is not None:
            self._client.loop_read()
            pending = getattr(self._socket, "pending", None)  # bytes that TLS has already taken off the wire
            if pending is None or not pending():
                return

    def _writable(self) -> None:
        self._client.loop_write()

    # --- paho calls these, on the loop's thread ---

    def _want_write(self, _client: Any, _data: Any, _socket: Any) -> None:
        if not self._writing and self._socket is not None:
            self._writing = True
            self._loop.add_writer(self._socket, self._writable)

    def _no_more_write(self, _client: Any, _data: Any, _socket: Any) -> None:
        if self._writing and self._socket is not None:
            self._loop.remove_writer(self._socket)
        self._writing = False

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._opened.done():
            return
        if not reason.is_failure:
            self._opened.set_result(None)
        elif str(reason) == "Unsupported protocol version":
            self._opened.set_exception(OtherProtocolError("The broker does not speak MQTT 5."))
        else:
            self._opened.set_exception(DeviceOfflineError("The broker refused: %(reason)s.", reason=str(reason)))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._opened.done() and self._protocol is MQTTProtocolVersion.MQTTv5:
            self._opened.set_exception(OtherProtocolError("The broker hung up on MQTT 5."))
        self.lost(str(reason))

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon(self._deliver, message.topic, bytes(message.payload), message.retain)

    def _deliver(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001  # call_soon takes no keywords
        self._listener.wire_message(topic, payload, retained=retained)

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        future = self._waiting.pop(mid, None)
        if future is None or future.done():
            return
        if reason.is_failure:
            future.set_exception(DeviceRefusedError("The broker refused a publish: %(reason)s.", reason=str(reason)))
        else:
            future.set_result(None)

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, _reasons: Any, _properties: Any) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    # --- what Broker passes on ---

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> asyncio.Future[None]:
        """Sent in the call; the future is the broker's word."""
        if len(self._waiting) >= MOST_UNDER_WAY:
            return failed(DeviceRefusedError("Too many messages wait for the broker's word."))
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        return self._acknowledged(info.mid)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Returns when the broker has confirmed."""
        _result, mid = self._client.subscribe([(topic, 1) for topic in topics])
        await self._acknowledged(mid)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Returns when the broker has confirmed."""
        _result, mid = self._client.unsubscribe(list(topics))
        await self._acknowledged(mid)

    def _acknowledged(self, mid: int | None) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        if mid is None or self._closed.done():
            return failed(DeviceOfflineError("The connection to the broker was lost."))
        self._waiting[mid] = future
        late = self._loop.call_later(ACK_TIMEOUT_S, self._too_late, mid)
        future.add_done_callback(lambda _done: late.cancel())
        future.add_done_callback(_retrieve)
        return future

    def _too_late(self, mid: int) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_exception(DeviceOfflineError("The broker did not confirm a message in time."))


def failed(error: Exception) -> asyncio.Future[None]:
    """What a publish without a session returns: a future that raises."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    future.add_done_callback(_retrieve)
    return future


def _retrieve(future: asyncio.Future[None]) -> None:
    """Nobody has to await a publish whose failure the next session mends anyway."""
    if not future.cancelled():
        future.exception()
