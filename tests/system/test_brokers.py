"""The same gateway on mosquitto and on the embedded broker: controllers follow, obey once and lose nothing."""

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.storage import lists
from gateway.storage.store import Store
from sync.session import BrokerSettings
from tests.brokers import Embedded, Mosquitto, running_embedded, running_mosquitto
from tests.sync.tiny_controller import TinyController
from tests.system.gates import GateBox, enrol, readdressed, wait_until_drained
from tests.system.plant import Plant, Refused, promised, wait_for
from tests.system.spy import Heard, Spy

pytestmark = [pytest.mark.system]

SITE = "hujingyuan"
ROOT = f"gatehouse/v1/{SITE}"
NAMES = ("garden", "pool", "yard")
SPARE = ("spare", "tiny")
HEAD_BYTES = 2048
SEED = 20260402
MANY = 120
ONE_SECOND = 1.0
FIRST_LOST = (0, 20, 21)


class Fleet:
    """A gateway on one broker, three controllers that were set up through its API, and two more to come."""

    def __init__(self, plant: Plant, broker: Mosquitto | Embedded, directory: Path) -> None:
        self.plant, self.broker, self.directory = plant, broker, directory
        for name in NAMES + SPARE:
            portal = {"id": f"{name}-in", "name": "花园门", "direction": "in", "lists": ["compound", "building-3"]}
            plant.api.post("/controllers", {"id": name, "name": "新控制器", "portals": [portal]})
        self.given = {name: self.enrolled(name) for name in NAMES + SPARE}
        self.boxes = [GateBox(self.given[name], directory / name) for name in NAMES]
        self.cards = plant.api.every("/cards?state=active")
        self.drained()

    def enrolled(self, name: str) -> dict[str, Any]:
        """As an installer: the file from the API; the broker is told, or told from."""
        given = enrol(self.plant, name)
        if isinstance(self.broker, Mosquitto):
            self.broker.add_controller(name, given["broker"]["password"])
            return given
        return readdressed(given, self.settings(name))

    def settings(self, user: str | None = None) -> BrokerSettings:
        """For a client with MQTT 3.1.1."""
        return self.broker.settings(user, mqtt5=False)

    def drained(self) -> None:
        wait_until_drained(self.plant, *self.boxes)

    def report_lost(self, card: dict[str, Any]) -> None:
        body = {"provisional": True, "reporter": "业主", "channel": "phone"}
        self.plant.api.post(f"/cards/{card['id']}/report-loss", body)

    def refusing_after(self, uid: str, answered: float) -> dict[str, float]:
        """Seconds until each controller refuses the card at the side door."""
        found: dict[str, float] = {}

        def all_refuse() -> bool:
            for box in self.boxes:
                if box.name not in found and not box.admits(f"{box.name}-in", uid):
                    found[box.name] = time.monotonic() - answered
            return len(found) == len(self.boxes)

        wait_for("all to refuse", all_refuse)
        return found

    def events_of(self, box: GateBox) -> list[dict[str, Any]]:
        """What the journal has of a controller, in order."""
        records = self.plant.api.every("/events?kind=access.") + self.plant.api.every("/events?kind=controller.")
        told = [r["body"] for r in records if r["actor"] == f"controller:{box.name}" and "number" in r["body"]]
        return sorted(told, key=lambda body: int(body["number"]))

    def close(self) -> None:
        for box in self.boxes:
            box.close()


@pytest.fixture(scope="module", params=["mosquitto", "embedded"])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One gateway for all tests of one broker."""
    directory = tmp_path_factory.mktemp(f"brokers-{request.param}")
    mosquitto = request.param == "mosquitto"
    running = running_mosquitto(directory / "broker", SITE, {}, shared=True) if mosquitto else running_embedded()
    with running as broker:
        plant = Plant(directory, broker.settings())
        plant.seed()
        plant.start()
        try:
            plant.online()
            gang = Fleet(plant, broker, directory)
            try:
                yield gang
            finally:
                gang.close()
        finally:
            plant.close()
        plant.recorder.assert_silent()
        plant.assert_clean_log()


def roots(fleet: Fleet) -> dict[str, tuple[int, str]]:
    """Version and root of every list in the store."""
    store = Store(fleet.plant.store_url)
    with store.read() as conn:
        found = {name: (one.version, one.root().hex()) for name, one in lists.load(conn).items()}
    store.close()
    return found


def test_they_follow_and_revoke(fleet: Fleet) -> None:
    """Each holds exactly its portals' lists; a card reported lost is refused everywhere within a second."""
    ours = roots(fleet)
    for box in fleet.boxes:
        assert box.held() == {name: ours[name] for name in ("compound", "building-3")}
    numbers = iter(FIRST_LOST)
    promised(ONE_SECOND, lambda: slowest_refusal(fleet, fleet.cards[next(numbers)]))


def slowest_refusal(fleet: Fleet, card: dict[str, Any]) -> float:
    """Seconds from the desk's answer to the last gate that still let the card in."""
    assert all(box.admits(f"{box.name}-in", card["uid"]) for box in fleet.boxes)
    fleet.report_lost(card)
    return max(fleet.refusing_after(card["uid"], time.monotonic()).values())


def test_one_small_message_a_change(fleet: Fleet) -> None:
    """A change is one head of at most 2 KiB on each list concerned, and nothing else a controller must read."""
    spy = Spy(fleet.settings(), f"{ROOT}/lists")
    try:
        fleet.drained()
        wait_for("the retained heads", lambda: any(heard.topic.endswith("/head") for heard in spy.heard))
        before = fleet.boxes[0].held()["compound"][0]
        for number in range(1, 4):
            fleet.report_lost(fleet.cards[number])
            fleet.drained()
            assert fleet.boxes[0].held()["compound"][0] == before + number
        fleet.drained()
        wait_for("the spy to hear of all", lambda: len(heads_of(spy, "compound")) >= 3)
        new = [heard for heard in spy.heard if not heard.retained]
        heads = [heard for heard in new if heard.topic.endswith("/head")]
        assert len(heads_of(spy, "compound")) == 3
        assert max(len(heard.payload) for heard in heads) <= HEAD_BYTES
        assert {heard.topic.split("/")[-1] for heard in new} <= {"head", "tail"}
    finally:
        spy.close()


def heads_of(spy: Spy, name: str) -> list[Heard]:
    """The heads of one list that were published while it listened."""
    return [heard for heard in spy.heard if heard.topic == f"{ROOT}/lists/{name}/head" and not heard.retained]


def test_every_event_once(fleet: Fleet) -> None:
    """A crowd at every gate, the gateway restarted in between: each passage is recorded once, in order."""
    uids = itertools.cycle([card["uid"] for card in fleet.cards[5:]])
    for number, box in zip(range(MANY), itertools.cycle(fleet.boxes), strict=False):
        box.admits(f"{box.name}-in", next(uids))
        if number == MANY // 2:
            fleet.plant.end()
            fleet.plant.start()
    fleet.plant.online()
    fleet.drained()
    for box in fleet.boxes:
        numbers = [body["number"] for body in fleet.events_of(box)]
        assert len(numbers) >= MANY // len(fleet.boxes)
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_command_opens_once_or_never(fleet: Fleet) -> None:
    """An open from afar is one pulse; sent to a box that is cut off it fails, and never fires later."""
    box = fleet.boxes[0]
    wait_for("the fleet view to have caught up with the restart", lambda: online(fleet, "garden"))
    already = len(box.opened)
    fleet.plant.api.post("/portals/garden-in/open", {"reason": "a visitor"})
    assert box.opened[already:] == [("garden-in", 1000)]
    box.do(box.controller.cut)
    wait_for("the cut to be seen", lambda: not online(fleet, "garden"))
    with pytest.raises(Refused) as refused:
        fleet.plant.api.post("/portals/garden-in/open", {"reason": "another visitor"})
    assert refused.value.status == 503
    box.do(box.controller.heal)
    wait_for("the box to be back", lambda: online(fleet, "garden"))
    fleet.drained()
    assert len(box.opened) == already + 1


def online(fleet: Fleet, name: str) -> bool:
    report = fleet.plant.api.get(f"/controllers/{name}")["report"]
    return bool(report and report["online"])


def test_any_bytes(fleet: Fleet) -> None:
    """A controller that talks noise on each of its topics is counted; the others and their events are untouched."""
    given = fleet.enrolled("gate-1")
    settings = fleet.settings("gate-1") if isinstance(fleet.broker, Mosquitto) else fleet.settings()
    assert given["controller"] == "gate-1"
    rng = random.Random(SEED)
    corpus = [b"", b"\x00", b"{}", b"\xff" * 70_000, b"\x9f" * 500, b"\xbf", b"\xd8\x40", bytes(range(256))]
    noise = corpus + [rng.randbytes(rng.randrange(1, 300)) for _ in range(40)]
    fleet.drained()
    before = {box.name: len(fleet.events_of(box)) for box in fleet.boxes}
    spy = Spy(settings)
    try:
        for what in ("status", "events", "replies", "events/ack", "commands", "config"):
            for payload in noise:
                spy.say(f"{ROOT}/controllers/gate-1/{what}", payload)
    finally:
        spy.close()

    def alarmed() -> int:
        alarms = fleet.plant.api.every("/alarms")
        return sum(one["count"] for one in alarms if (one["kind"], one["source"]) == ("malformed", "controller:gate-1"))

    wait_for("an alarm", alarmed)
    assert {box.name: len(fleet.events_of(box)) for box in fleet.boxes} == before
    card = fleet.cards[4]
    fleet.report_lost(card)
    fleet.refusing_after(card["uid"], time.monotonic())
    fleet.drained()


def test_a_controller_written_from_the_protocol_page(fleet: Fleet) -> None:
    """It shares no code with the project, reaches the same roots, and decides the same."""
    fleet.report_lost(fleet.cards[8])
    ours = roots(fleet)
    tiny = TinyController(fleet.given["tiny"])
    try:
        compound = ours["compound"][1]
        wait_for("the same root", lambda: tiny.lists.get("compound", {}).get("root", b"").hex() == compound)
        lost, living = (bytes.fromhex(fleet.cards[n]["uid"]) for n in (8, 30))
        now = int(time.time())
        assert tiny.decide("tiny-in", b"\x01" + living, now) == "granted"
        assert tiny.decide("tiny-in", b"\x01" + lost, now) == "unknown_credential"
        wait_for("the gateway to know it", lambda: knows(fleet, "tiny", ours["compound"][0]))
    finally:
        tiny.close()


def knows(fleet: Fleet, name: str, version: int) -> bool:
    """Whether the gateway was told that the controller holds this version."""
    report = fleet.plant.api.get(f"/controllers/{name}")["report"]
    held = (report or {}).get("lists", {}).get("compound")
    return bool(held and held["version"] == version)


@pytest.mark.parametrize("fleet", ["mosquitto"], indirect=True)  # the embedded one keeps nothing over a restart
@pytest.mark.parametrize("forget", [False, True])
def test_the_broker_restarts(fleet: Fleet, forget: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """With its memory or without it: a change made meanwhile arrives, and an empty box gets every list."""
    broker = fleet.broker
    assert isinstance(broker, Mosquitto)
    card = fleet.cards[6 + forget]
    if forget:
        broker.kill(forget=True)
    else:
        broker.stop()
    wait_for("the loss to be seen", lambda: broker_state(fleet) != "online")
    fleet.report_lost(card)
    assert all(box.admits(f"{box.name}-in", card["uid"]) for box in fleet.boxes)
    broker.start()
    fleet.plant.online()
    fleet.drained()
    assert not any(box.admits(f"{box.name}-in", card["uid"]) for box in fleet.boxes)
    gate = GateBox(fleet.given["spare"], fleet.directory / f"empty-{forget}")
    try:
        wait_until_drained(fleet.plant, gate)
        ours = roots(fleet)
        assert {name: ours[name] for name in gate.held()} == gate.held()
    finally:
        gate.close()


def broker_state(fleet: Fleet) -> str:
    devices = {one["device"]: one["state"] for one in fleet.plant.api.get("/devices")["items"]}
    state: str = devices["broker"]
    return state
