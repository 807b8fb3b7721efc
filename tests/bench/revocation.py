"""A lost card: from the click to the answers of two hundred controllers, beside a bare publish of the same bytes.

Controllers are thin here, for the figure is the gateway's: each answers a new head with a message the size of a
status. The reference publishes as many bytes, retained, on the same broker, to the same controllers.
"""

import contextlib
import selectors
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from sync.session import BrokerSettings
from tests.bench.measure import Row, judge, judge_value
from tests.brokers import running_mosquitto
from tests.system.plant import Plant

CONTROLLERS = 200
ROUNDS = 15
SITE = "hujingyuan"
HEAD = f"gatehouse/v1/{SITE}/lists/compound/head"
BARE = f"gatehouse/v1/{SITE}/bench/head"
ANSWERS = f"gatehouse/v1/{SITE}/bench/answers"
_ANSWER = bytes(256)


def _client(broker: BrokerSettings, name: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(broker.username, broker.password)
    return client


class _Controller:
    """Subscribes to both heads and answers whatever is new."""

    def __init__(self, broker: BrokerSettings, number: int) -> None:
        self.subscribed = False
        self.heads = 0
        self.largest = 0
        self._answers = f"{ANSWERS}/{number}"
        self.mqtt = _client(broker, f"thin-{number}")
        self.mqtt.on_connect = lambda client, *_: client.subscribe([(HEAD, 1), (BARE, 1)])
        self.mqtt.on_subscribe = self._on_subscribe
        self.mqtt.on_message = self._on_message
        self.mqtt.connect(broker.host, broker.port, keepalive=600)

    def fileno(self) -> int:
        wire = self.mqtt.socket()
        if wire is None:
            raise AssertionError("the broker hung up")
        return int(wire.fileno())

    def serve(self) -> None:
        self.mqtt.loop_read()
        while self.mqtt.want_write():
            self.mqtt.loop_write()

    def _on_subscribe(self, *_: object) -> None:
        self.subscribed = True

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            self.heads += 1
            self.largest = len(message.payload)
            self.mqtt.publish(self._answers, _ANSWER)


class Fleet:
    """All controllers in one thread, and the one who counts their answers in another."""

    def __init__(self, broker: BrokerSettings) -> None:
        self.answers = 0
        self._selector = selectors.DefaultSelector()
        self._counter = _client(broker, "counter")
        self._counter.on_message = self._on_answer
        self._counter.connect(broker.host, broker.port, keepalive=600)
        self._counter.subscribe(f"{ANSWERS}/+")
        self._counter.loop_start()
        self.controllers = [_Controller(broker, number) for number in range(CONTROLLERS)]
        for controller in self.controllers:
            self._selector.register(controller.fileno(), selectors.EVENT_READ, controller)
        self._serve_until(lambda: all(controller.subscribed for controller in self.controllers))

    def _on_answer(self, *_: object) -> None:
        self.answers += 1

    def _serve_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError("not all controllers answered")
            for key, _events in self._selector.select(0.02):
                key.data.serve()

    def seconds(self, act: Callable[[], object]) -> float:
        """From the act to the last controller's answer; each answers one message."""
        self.answers = 0
        for controller in self.controllers:
            controller.heads = 0
        started = time.monotonic()
        act()
        self._serve_until(lambda: self.answers >= CONTROLLERS)
        took = time.monotonic() - started
        if any(controller.heads != 1 for controller in self.controllers):
            raise AssertionError("one change cost a controller more than one message")
        return took

    def close(self) -> None:
        """Hangs up."""
        for client in (self._counter, *(controller.mqtt for controller in self.controllers)):
            client.disconnect()
        self._counter.loop_stop()
        self._selector.close()


def rows() -> Iterator[Row]:
    """Time, and the size of the one message each controller gets."""
    with tempfile.TemporaryDirectory(dir="var") as folder, contextlib.ExitStack() as ending:
        directory = Path(folder).resolve()
        broker = ending.enter_context(running_mosquitto(directory / "mosquitto", SITE, {}, shared=True))
        plant = Plant(directory / "gateway", broker.settings())
        ending.callback(plant.close)
        plant.seed()
        plant.start()
        bare = _client(broker.settings(), "bare")
        bare.connect("127.0.0.1", broker.port, keepalive=600)
        bare.loop_start()
        ending.callback(bare.loop_stop)
        fleet = Fleet(broker.settings())
        ending.callback(fleet.close)
        yield from _rows(plant, fleet, bare)


def _rows(plant: Plant, fleet: Fleet, bare: mqtt.Client) -> Iterator[Row]:
    cards = [card["id"] for card in plant.api.get("/cards?limit=200")["items"] if card["state"] == "active"]
    rounds, slowest, largest = [], 0.0, 0
    for card in cards[: ROUNDS + 1]:

        def lose(card: int = card) -> None:
            plant.api.post(f"/cards/{card}/report-loss", {"reporter": "holder", "channel": "desk"})

        ours = fleet.seconds(lose)
        size = fleet.controllers[0].largest

        def publish(size: int = size) -> None:
            bare.publish(BARE, bytes(size), qos=1, retain=True)

        reference = fleet.seconds(publish)
        rounds.append((ours, reference))
        slowest, largest = max(slowest, ours), max(largest, size)
    rounds = rounds[1:]  # the first warms up
    times = f"revocation, click to {CONTROLLERS} answers"
    # Ours is also an HTTP request, a transaction with its journal record, a root and a signature.
    yield judge(times, rounds, unit="s", at_most=1.5)
    yield judge_value(f"{times}, slowest", slowest, max(reference for _, reference in rounds), unit="s", at_most=1)
    yield judge_value("one change, message to each controller", largest, 2048, unit="bytes", at_most=2048)
