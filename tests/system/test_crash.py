"""Killed at every crash point a running gateway passes, it loses nothing it answered and does nothing twice."""

import importlib
import pkgutil
import secrets
import signal
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from http.client import HTTPException
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import admin_api
import drivers
import gateway
import sync
from gateway.storage import crash, lists
from gateway.storage.store import Store
from simulators.devices.outputs import Recorder
from tests.brokers import running_mosquitto
from tests.system.gates import GateBox, enrol_at, wait_until_drained
from tests.system.plant import PATIENCE_S, Plant, wait_for

pytestmark = [pytest.mark.system]

SITE = "hujingyuan"
MOST_ACTS = 40

# The passage at which the gateway dies: late enough that it has started, except where starting is the point.
AT_THE_DESK = {"store.before_commit": 9, "store.after_commit": 9, "idempotency.remembered": 3}
LISTS = {"highwater.written": 2, "highwater.replaced": 1}
AT_THE_POST = {"slip.before_spend": 1, "slip.after_spend": 2, "slip.after_movement": 1}
AT_THE_GATE = {"journal.before_commit": 9, "journal.after_commit": 9, "admission.recorded": 2}
STALLED = {"spill.written": 1, "spill.synced": 1}
STARTING = {"schema.before_commit": 1}
AT_THE_ENCODER = {
    "encode.planned": 1,
    "encode.intent": 1,
    "encode.step": 2,
    "encode.verifying": 1,
    "encode.activated": 1,
    "encode.wiped": 1,
}


class Witness(Recorder):
    """Looks at each opening whether its record was on the disk already."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._database, self._spill = directory / "gatehouse.db", directory / "emergency-journal"
        self._granted_before = 0
        self.unrecorded: list[int] = []

    def granted(self) -> int:
        """Openings of the main gate that are durable: in the store, or in the emergency file."""
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as db:
            kinds = "kind IN ('access.granted', 'portal.open_asked')"
            query = f"SELECT count(*) FROM journal WHERE {kinds} AND target = 'portal:main-in'"  # noqa: S608 - constants
            stored: int = db.execute(query).fetchone()[0]
        db.close()
        return stored + self._spill.read_bytes().split(b"\0", 1)[0].count(b'"access.granted"')

    def expect(self) -> None:
        """A card is about to be held."""
        self._granted_before = self.granted()

    def wrote(self, coil: int, value: int) -> None:
        """Each opening has a record of its own."""
        granted = self.granted()
        if granted <= self._granted_before:
            self.unrecorded.append(coil)
        self._granted_before = granted
        super().wrote(coil, value)


class House:
    """A plant with one controller, and people who do things until the gateway dies."""

    def __init__(self, plant: Plant, witness: Witness, box: GateBox) -> None:
        self.plant, self.witness, self.box = plant, witness, box
        cards = plant.api.every("/cards?state=active")
        self.card, self.frozen = cards[0]["id"], False
        self.residents = cycle([card["uid"] for card in cards[1:] if card["uid"]])
        self.unit = cards[0]["unit_id"]
        self.story = self._story()
        self.slips: list[dict[str, Any]] = []
        self.released: dict[int, str] = {}
        self.taps = 0

    def _story(self) -> int:
        return len(self.plant.api.every(f"/cards/{self.card}/story"))

    # --- What people do; each returns when it was answered, or raises OSError when the gateway died -------------

    def do(self, path: str, body: dict[str, Any]) -> Any:
        """Posts; when the gateway dies under it, revives it and repeats with the same key."""
        key = uuid.uuid4().hex
        try:
            return self.plant.api.post(path, body, key=key)
        except (OSError, HTTPException):
            self.revive()
            return self.plant.api.post(path, body, key=key)

    def freeze_or_thaw(self) -> None:
        """Its card stops at every gate, or opens again: the lists change."""
        path, body = ("unfreeze", {}) if self.frozen else ("freeze", {"reason": "an incident"})
        card = self.do(f"/cards/{self.card}/{path}", body)
        self.frozen = not self.frozen
        self.story += 1
        assert card["state"] == ("frozen" if self.frozen else "active")

    def issue_slip(self) -> None:
        """One more slip."""
        body = {
            "kind": "household",
            "unit_id": self.unit,
            "applicant": "业主",
            "items": [{"line": 1, "name": "纸箱", "qty": 1}],
            "post": "north",
            "consent": {"method": "signed_at_desk", "by": "业主", "identity_checked": True},
        }
        self.slips.append(self.do("/slips/issue", body))

    def release_slip(self) -> None:
        """The last slip's goods leave."""
        slip = self.slips[-1]
        load = {"release_id": secrets.token_hex(16), "text": slip["token"], "post": "north"}
        verdict = self.do("/post/release", {**load, "lines": [{"line": 1, "qty": 1}]})
        assert verdict["code"] == "RELEASED"
        self.released[slip["id"]] = load["release_id"]

    def tap(self) -> None:
        """Somebody comes home at the main gate; a release may have opened it just now."""
        if not self.plant.dead:
            self.witness.expect()
            at = self.plant.present(next(self.residents))
            wait_for("the lamp or the end", lambda: self.plant.dead or self._lit(at))
        self.lower()

    def lower(self) -> None:
        """The arm is down when the next one comes."""
        if not self.plant.dead and self.plant.arm() != "closed":
            self.plant.close_arm()

    def _lit(self, at: float) -> bool:
        return any(t >= at and colour == "green" for t, colour in list(self.plant.readers.readers[0].lamps))

    def come_home(self) -> None:
        """Somebody at the controller's gate."""
        self.box.admits("south-gate", next(self.residents))
        self.taps += 1

    # --- Death and what must hold after it ----------------------------------------------------------------------

    def restart(self, crash_at: str = "") -> None:
        """Starts the gateway so that it will die there; or for good."""
        self.plant.environment = {"GATEHOUSE_CRASH": crash_at} if crash_at else {}
        self.plant.launch()
        wait_for("the gateway to be ready, or dead", lambda: self.plant.dead or self.plant.answers())

    def revive(self) -> None:
        """It died by its own hand; now it may live."""
        assert self.plant.process is not None
        assert self.plant.process.wait(PATIENCE_S) == -signal.SIGKILL
        self.restart()
        self.plant.online()

    def until_death(self, name: str, passage: int, acts: list[Callable[[], None]]) -> None:
        """Acts go round until one of them kills the gateway; the last thing is a living gateway."""
        self.plant.end(signal.SIGTERM)
        self.restart(f"{name}:{passage}")
        first = self.plant.process
        if not self.plant.dead:
            wait_for("the devices", lambda: self.plant.dead or self._online())
        for _n, act in zip(range(MOST_ACTS), cycle(acts), strict=False):
            if self.plant.dead:
                break
            try:
                act()
            except (OSError, HTTPException):  # the gateway died while somebody only looked
                break
            if self.plant.process is not first:
                return
        assert self.plant.dead, f"{name} was not passed {passage} times"
        self.revive()

    def _online(self) -> bool:
        try:
            return all(device["state"] == "online" for device in self.plant.api.get("/devices")["items"])
        except (OSError, HTTPException):
            return False

    def assert_sound(self) -> None:
        """The invariants."""
        assert self.plant.api.get("/audit/verify")["ok"]
        assert self._story() == self.story
        slips = self.plant.api.every("/slips")
        assert {slip["id"] for slip in slips} == {slip["id"] for slip in self.slips}
        assert sorted(slip["slip_no"] for slip in slips) == list(range(1, len(slips) + 1))
        for slip, release in self.released.items():
            movements = self.plant.api.get(f"/slips/{slip}/story")["items"]
            assert [one["release_id"] for one in movements if one["kind"] == "release"] == [release]
        assert self.witness.unrecorded == []
        wait_until_drained(self.plant, self.box)
        self._assert_lists_agree()
        self._assert_events_once()

    def _assert_lists_agree(self) -> None:
        store = Store(self.plant.store_url)
        with store.read() as conn:
            ours = {name: (one.version, one.root().hex()) for name, one in lists.load(conn).items()}
        store.close()
        held = self.box.held()
        assert held
        assert held == {name: ours[name] for name in held}

    def _assert_events_once(self) -> None:
        actor = f"controller:{self.box.name}"
        told = [r["body"] for r in self.plant.api.every("/events?kind=access.") if r["actor"] == actor]
        assert [body["number"] for body in told] == list(range(1, self.taps + 1))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("crash")
    with running_mosquitto(directory / "mosquitto", SITE, {}) as broker:
        witness = Witness(directory)
        plant = Plant(directory, broker.settings(), recorder=witness)
        plant.seed()
        plant.start()
        box = None
        try:
            plant.online()
            box = GateBox(enrol_at(plant, broker, "gate-1"), directory / "gate-1")
            wait_until_drained(plant, box)
            yield House(plant, witness, box)
        finally:
            if box is not None:
                box.close()
            plant.close()
        plant.assert_clean_log()


def test_every_crash_point_stands_in_a_list() -> None:
    """A new crash point anywhere must be walked here."""
    for package in (gateway, admin_api, drivers, sync):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    walked = AT_THE_DESK | LISTS | AT_THE_POST | AT_THE_GATE | STALLED | STARTING | AT_THE_ENCODER
    assert walked.keys() == crash.NAMES


@pytest.mark.parametrize(("name", "passage"), (AT_THE_DESK | LISTS).items())
def test_at_the_desk(house: House, name: str, passage: int) -> None:
    """Cards stop and go, slips are issued, people come home; the act under way is repeated with its key."""
    house.until_death(name, passage, [house.freeze_or_thaw, house.come_home, house.issue_slip])
    house.assert_sound()


@pytest.mark.parametrize(("name", "passage"), AT_THE_POST.items())
def test_at_the_post(house: House, name: str, passage: int) -> None:
    """Each slip's goods leave exactly once."""
    house.until_death(name, passage, [house.issue_slip, house.release_slip, house.lower])
    house.assert_sound()


@pytest.mark.parametrize(("name", "passage"), AT_THE_GATE.items())
def test_at_the_gate(house: House, name: str, passage: int) -> None:
    """The record is on the disk before the arm moves."""
    house.until_death(name, passage, [house.tap, house.come_home])
    house.assert_sound()


@pytest.mark.parametrize(("name", "passage"), STALLED.items())
def test_while_the_store_is_stalled(house: House, name: str, passage: int) -> None:
    """With the database locked by somebody else the record goes to the emergency file, and into the journal later."""
    before = house.witness.granted()

    def tap_while_locked() -> None:
        with sqlite3.connect(house.plant.directory / "gatehouse.db", isolation_level=None) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            house.witness.expect()
            house.plant.present(next(house.residents))
            wait_for("the end", lambda: house.plant.dead)
            stranger.execute("ROLLBACK")
        stranger.close()

    house.until_death(name, passage, [tap_while_locked])
    wait_for("its one record to be in one place", lambda: house.witness.granted() == before + 1)
    house.assert_sound()


def test_killed_while_the_schema_is_made(tmp_path: Path) -> None:
    """The next start makes all of it."""
    with running_mosquitto(tmp_path / "mosquitto", SITE, {}) as broker:
        plant = Plant(tmp_path, broker.settings())
        plant.environment = {"GATEHOUSE_CRASH": "schema.before_commit:1"}
        try:
            plant.launch()
            assert plant.process is not None
            assert plant.process.wait(PATIENCE_S) == -signal.SIGKILL
            plant.environment = {}
            plant.seed()
            plant.start()
            assert plant.api.get("/audit/verify")["ok"]
            plant.recorder.assert_silent()
        finally:
            plant.close()
        plant.assert_clean_log()
