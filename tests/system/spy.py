"""A second MQTT client beside the gateway: hears everything, and says what nobody should say."""

import threading
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from sync.session import BrokerSettings

_TIMEOUT_S = 45


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as it was delivered."""

    topic: str
    payload: bytes
    retained: bool


class Spy:
    """Connects at once; subscribes to everything below ``root`` when one is given."""

    def __init__(self, broker: BrokerSettings, root: str = "") -> None:
        self.heard: list[Heard] = []
        self._root = root
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"spy-{id(self)}", protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.username_pw_set(broker.username, broker.password)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_told: self._ready.set()
        self._client.on_message = self._hear
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(_TIMEOUT_S)

    def _connected(self, client: mqtt.Client, *_told: object) -> None:
        if self._root:
            client.subscribe(f"{self._root}/#", 1)
        else:
            self._ready.set()

    def _hear(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain))

    def say(self, topic: str, payload: bytes) -> None:
        """Publishes and waits until the broker took it."""
        self._client.publish(topic, payload, 1).wait_for_publish(_TIMEOUT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
