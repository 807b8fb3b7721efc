"""The core of the story on PostgreSQL and mosquitto with unchanged code; and a journal that tells who touched it."""

import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway.storage.store import Store
from tests import postgres
from tests.brokers import running_mosquitto
from tests.gateway.storage.tampering import tamper
from tests.system.gates import GateBox, enrol_at, wait_until_drained
from tests.system.plant import Plant, promised, wait_for

pytestmark = [pytest.mark.system]

SITE = "hujingyuan"
BLANK = "04B101526E6180"
ONE_SECOND = 1.0
COLUMNS = "at, boot, kind, actor, target, body, pii_commit, prev, hash"


@dataclass
class Town:
    """A gateway on PostgreSQL and one controller."""

    plant: Plant
    box: GateBox


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: postgres.Cluster) -> Iterator[Town]:
    """One for the whole module."""
    directory = tmp_path_factory.mktemp("databases")
    name = f"system_{secrets.token_hex(6)}"
    url = postgres_cluster.create_database(name)
    with running_mosquitto(directory / "mosquitto", SITE, {}) as broker:
        plant = Plant(directory, broker.settings(), store_url=url)
        plant.seed()
        plant.start()
        box = None
        try:
            plant.online()
            box = GateBox(enrol_at(plant, broker, "gate-3"), directory / "gate-3")
            wait_until_drained(plant, box)
            yield Town(plant, box)
        finally:
            if box is not None:
                box.close()
            plant.close()
    postgres_cluster.drop_database(name)
    plant.assert_clean_log()


def verify(plant: Plant) -> subprocess.CompletedProcess[str]:
    """``gatehouse audit verify``."""
    config = plant.directory / "gatehouse.toml"
    command = [sys.executable, "-m", "gateway.daemon", "audit", "verify", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_story(town: Town) -> None:
    """A card is issued, opens, is lost, opens nothing; goods leave once; all of it survives ``kill -9``."""
    plant, box, api = town.plant, town.box, town.plant.api
    unit = api.get("/search?text=3-1-502")["items"][0]["unit_id"]
    family = next(o for o in api.get(f"/units/{unit}/household")["occupants"] if o["relation"] == "family")
    body = {"uid": BLANK, "unit_id": unit, "person_id": family["person_id"], "proof": "owner_file", "receipt": "R-1"}
    card = api.post("/cards/issue", body)
    wait_until_drained(plant, box)
    assert box.admits("b3-door", BLANK)
    at = plant.present(BLANK)
    plant.opened_after(at)
    assert plant.lamp_after(at) == "green"
    plant.close_arm()
    promised(ONE_SECOND, lambda: refused_after(town, card["id"]))

    slip = api.post(
        "/slips/issue",
        {
            "kind": "household",
            "unit_id": unit,
            "applicant": "李娜",
            "items": [{"line": 1, "name": "冰箱", "qty": 1}],
            "post": "north",
            "consent": {"method": "signed_at_desk", "by": "李娜", "identity_checked": True},
        },
    )
    load = {"text": slip["token"], "post": "north", "lines": [{"line": 1, "qty": 1}]}
    assert api.post("/post/release", {**load, "release_id": secrets.token_hex(16)})["code"] == "RELEASED"
    wait_for("the barrier of the post", lambda: len(plant.recorder.writes) == 2)
    plant.close_arm()

    plant.end(signal.SIGKILL)
    plant.start()
    plant.online()
    again = api.post("/post/release", {**load, "release_id": secrets.token_hex(16)})
    assert again["code"] == "ALREADY_RELEASED"
    assert api.get(f"/cards/{card['id']}")["state"] == "lost"
    wait_until_drained(plant, box)
    at = plant.present(BLANK)
    assert plant.lamp_after(at) == "red"
    assert len(plant.recorder.writes) == 2


def refused_after(town: Town, card: int) -> float:
    """Seconds from the answer of the desk, told that the card is lost, to the refusal behind the controller."""
    plant, box = town.plant, town.box
    if plant.api.get(f"/cards/{card}")["state"] == "lost":
        plant.api.post(f"/cards/{card}/withdraw-loss", {"holder_verified": True})
        wait_until_drained(plant, box)
    body = {"provisional": False, "reporter": "王建军", "channel": "desk"}
    plant.api.post(f"/cards/{card}/report-loss", body)
    answered = time.monotonic()
    wait_for("the controller to refuse", lambda: not box.admits("b3-door", BLANK))
    return time.monotonic() - answered


def test_the_journal_is_whole(town: Town) -> None:
    """The command says so beside the running gateway."""
    said = verify(town.plant)
    assert said.returncode == 0, said.stderr
    assert "whole" in said.stdout


TAMPERED = {
    "edited": ["UPDATE journal SET actor = 'user:999' WHERE seq = :seq"],
    "deleted": ["DELETE FROM journal WHERE seq = :seq"],
    "inserted": [
        "UPDATE journal SET seq = -seq WHERE seq >= :seq",
        "UPDATE journal SET seq = 1 - seq WHERE seq < 0",
        f"INSERT INTO journal (seq, {COLUMNS}) SELECT :seq, {COLUMNS} FROM journal WHERE seq = :seq - 1",  # noqa: S608 - constants
    ],
    "swapped": [
        "UPDATE journal SET seq = -1 WHERE seq = :seq",
        "UPDATE journal SET seq = :seq WHERE seq = :seq + 1",
        "UPDATE journal SET seq = :seq + 1 WHERE seq = -1",
    ],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_touched_record_is_found(town: Town, how: str) -> None:
    """One record behind the gateway's back: the command names the place and exits with 1."""
    plant = town.plant
    plant.end(signal.SIGTERM)
    store = Store(plant.store_url)
    try:
        tamper(store, "CREATE TABLE kept AS SELECT * FROM journal")
        tamper(store, *TAMPERED[how], seq=20)
        said = verify(plant)
        tamper(store, "DELETE FROM journal", "INSERT INTO journal SELECT * FROM kept", "DROP TABLE kept")
    finally:
        store.close()
    assert said.returncode == 1, said.stdout + said.stderr
    assert "NOT whole at record 2" in said.stdout
    assert "Traceback" not in said.stderr
    assert verify(plant).returncode == 0
    plant.start()
