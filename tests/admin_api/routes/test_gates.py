"""Gates from afar: with a reason, on the record, and honest about what did not happen."""

import os
import signal
import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.ports import CommandResult, DeviceOfflineError, DeviceRefusedError
from gateway.runtime.house import House
from tests.admin_api.compound import created, done
from tests.admin_api.conftest import Machine, Person
from tests.admin_api.house import FakeCommands, FakePortals

WHY = {"reason": "delivery lorry"}


def portals(house: House) -> FakePortals:
    assert isinstance(house.portals, FakePortals)
    return house.portals


def commands(house: House) -> FakeCommands:
    assert isinstance(house.commands, FakeCommands)
    return house.commands


def test_a_wired_gate_opens_once_with_a_reason(admin: TestClient, house: House) -> None:
    """A repeat under the same key does not pulse again."""
    key = {"Idempotency-Key": "open-1"}
    for _ in range(2):
        answer = admin.post("/api/v1/portals/main-in/open", json=WHY, headers=key)
        assert (answer.status_code, answer.json()) == (200, {"portal": "main-in", "result": "done"})
    actor = admin.get("/api/v1/me").json()["id"]
    assert portals(house).acts == [("open", "main-in", actor, "delivery lorry")]
    assert admin.post("/api/v1/portals/main-in/open", json={}).status_code == 400
    assert admin.post("/api/v1/portals/nowhere/open", json=WHY).status_code == 404


def test_a_refused_opening_may_be_asked_again_under_its_key(admin: TestClient, house: House) -> None:
    """What the barrier refused did not happen."""
    key = {"Idempotency-Key": "open-1"}
    portals(house).failure = DeviceRefusedError("Loop.")
    assert admin.post("/api/v1/portals/main-in/open", json=WHY, headers=key).status_code == 409
    portals(house).failure = None
    assert admin.post("/api/v1/portals/main-in/open", json=WHY, headers=key).status_code == 200
    assert len(portals(house).acts) == 1


def die_opening(url: str, client: TestClient, portal: str, crash_at: str) -> int:
    """Opens in another process, which is killed at a crash point; how often the gate moved before."""
    client.get("/api/v1/me")  # notes the use of the token, so that the child commits nothing but its opening
    token = client.headers["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, "-m", "tests.admin_api.opening_child", url, token, portal]
    environment = {**os.environ, "GATEHOUSE_CRASH": crash_at}
    died = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    return died.stdout.count("pulse")


@pytest.mark.system
@pytest.mark.parametrize(
    ("portal", "crash_at", "moved", "status"),
    [
        ("main-in", "idempotency.remembered:1", 0, 200),  # nothing was begun
        ("main-in", "store.after_commit:1", 0, 409),  # begun, and not known whether it moved
        ("main-in", "store.before_commit:2", 1, 409),  # it moved, and the answer was lost
        ("north-in", "store.after_commit:2", 0, 409),  # on the record, not sent
        ("north-in", "store.before_commit:3", 1, 409),
    ],
)
def test_killed_in_an_opening_it_never_pulses_twice(
    admin: TestClient, house: House, house_url: str, portal: str, crash_at: str, moved: int, status: int
) -> None:
    """A repeat under the key moves the gate only when nothing was begun; otherwise it says that nobody knows."""
    assert die_opening(house_url, admin, portal, crash_at) == moved
    again = admin.post(f"/api/v1/portals/{portal}/open", json=WHY, headers={"Idempotency-Key": "open-1"})
    assert again.status_code == status, again.text
    assert len(portals(house).acts) + len(commands(house).sent) == (1 if status == 200 else 0)
    if status == 409:
        assert "not known whether it was done" in again.json()["detail"]
        fresh = admin.post(f"/api/v1/portals/{portal}/open", json=WHY, headers={"Idempotency-Key": "open-2"})
        assert fresh.status_code == 200


def test_a_gate_behind_a_controller_opens_by_command(admin: TestClient, house: House) -> None:
    """What was asked is on the record before the command goes out, and what came of it after."""
    done(admin, "/portals/north-in/open", WHY)
    assert [sent[:3] for sent in commands(house).sent] == [("north", "open", "north-in")]
    assert openings(admin) == ["portal.open_asked", "portal.opened"]


def openings(client: TestClient) -> list[str]:
    """What the record says of the north gate, all of it with the reason that was given."""
    said = client.get("/api/v1/events", params={"target": "portal:north-in", "kind": "portal."}).json()["items"]
    assert {record["body"]["reason"] for record in said} == {"delivery lorry"}
    return sorted(record["kind"] for record in said)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (CommandResult.UNDELIVERED, "portal.open_failed"),
        (CommandResult.REFUSED, "portal.open_failed"),
        (CommandResult.UNANSWERED, "portal.open_unanswered"),
    ],
)
def test_the_record_calls_no_gate_opened_that_was_not(
    admin: TestClient, house: House, result: CommandResult, kind: str
) -> None:
    """Only that it was asked, and why it did not come to be."""
    commands(house).result = result
    admin.post("/api/v1/portals/north-in/open", json=WHY)
    assert openings(admin) == ["portal.open_asked", kind]


def test_a_guard_opens_the_own_gate_only(person: Person, house: House) -> None:
    """The captain opens any."""
    guard = person(Role.GUARD)
    assert guard.post("/api/v1/portals/main-in/open", json=WHY).status_code == 200
    assert guard.post("/api/v1/portals/north-in/open", json=WHY).status_code == 403
    assert commands(house).sent == []
    assert person(Role.CAPTAIN).post("/api/v1/portals/north-in/open", json=WHY).status_code == 200


@pytest.mark.parametrize(
    ("failure", "status"), [(DeviceOfflineError("The board is gone."), 503), (DeviceRefusedError("Loop."), 409)]
)
def test_a_barrier_that_does_not_move_is_not_a_success(
    admin: TestClient, house: House, failure: DeviceOfflineError | DeviceRefusedError, status: int
) -> None:
    """The answer carries the barrier's own words, and when to try again."""
    portals(house).failure = failure
    answer = admin.post("/api/v1/portals/main-in/open", json=WHY)
    assert (answer.status_code, answer.json()["detail"]) == (status, str(failure))
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("result", "status", "words"),
    [
        (CommandResult.UNDELIVERED, 503, "nothing moved"),
        (CommandResult.EXPIRED, 503, "nothing moved"),
        (CommandResult.UNANSWERED, 504, "It is not known whether it moved; look at the gate."),
        (CommandResult.REFUSED, 409, "refused the command"),
    ],
)
def test_a_controller_that_does_not_obey_is_not_a_success(
    admin: TestClient, house: House, result: CommandResult, status: int, words: str
) -> None:
    """The desk learns whether nothing moved or nobody knows."""
    commands(house).result = result
    answer = admin.post("/api/v1/portals/north-in/open", json=WHY)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)


def test_an_opening_nobody_answered_is_not_sent_again_under_its_key(admin: TestClient, house: House) -> None:
    """The gate may have moved; who wants it again asks under a new key."""
    commands(house).result = CommandResult.UNANSWERED
    key = {"Idempotency-Key": "open-1"}
    assert admin.post("/api/v1/portals/north-in/open", json=WHY, headers=key).status_code == 504
    again = admin.post("/api/v1/portals/north-in/open", json=WHY, headers=key)
    assert again.status_code == 409
    assert "not known whether it was done" in again.json()["detail"]
    assert len(commands(house).sent) == 1


@pytest.mark.parametrize(
    ("act", "mode", "command"),
    [
        ("hold", "held_open", "hold_open"),
        ("lock-out", "locked_out", "lock_out"),
        ("release", "normal", "release_hold"),
    ],
)
def test_a_mode_is_stored_then_brought_to_the_gate(
    admin: TestClient, house: House, act: str, mode: str, command: str
) -> None:
    """Wired gates by their barrier, others by command."""
    assert done(admin, f"/portals/main-in/{act}", WHY)["mode"] == mode
    assert portals(house).acts == [("mode", "main-in", mode)]
    assert done(admin, f"/portals/north-in/{act}", WHY)["mode"] == mode
    assert [sent[:3] for sent in commands(house).sent] == [("north", command, "north-in")]
    assert admin.get("/api/v1/portals/north-in").json()["mode"] == mode


def test_a_locked_gate_admits_nobody_even_when_it_did_not_hear(admin: TestClient, house: House) -> None:
    """The mode stands in the store; the answer says that the gate was not reached."""
    portals(house).failure = DeviceOfflineError("The board is gone.")
    assert admin.post("/api/v1/portals/main-in/lock-out", json=WHY).status_code == 503
    assert admin.get("/api/v1/portals/main-in").json()["mode"] == "locked_out"


def test_a_gate_shows_its_barrier(admin: TestClient) -> None:
    """What the inputs say; null where nothing is wired."""
    shown = {portal["id"]: portal["barrier"] for portal in admin.get("/api/v1/portals").json()["items"]}
    assert shown["main-in"]["state"] == "closed"
    assert shown["main-in"]["fire"] is None
    assert shown["north-in"] is None


def test_a_device_says_why_it_is_dark(machine: Machine) -> None:
    """In a sentence."""
    devices = machine(Role.GUARD).get("/api/v1/devices").json()["items"]
    assert {d["device"]: (d["state"], d["why"]) for d in devices} == {
        "main-barrier": ("online", ""),
        "main-reader": ("offline", "The adapter ttyUSB0 is gone."),
    }


def test_portals_and_posts_are_added(admin: TestClient) -> None:
    """A post names the barrier that opens on a release."""
    created(admin, "/portals", {"id": "side", "name": "侧门", "direction": "out", "lists": ["gardens"]})
    post = created(admin, "/posts", {"id": "side", "name": "侧岗", "portal": "side"})
    assert post["number"] == 2
    numbers = []
    cursor: str | None = "0"
    while cursor is not None:
        part = admin.get("/api/v1/posts", params={"after": cursor, "limit": 1}).json()
        numbers += [p["number"] for p in part["items"]]
        cursor = part["next"]
    assert numbers == [0, 1, 2]
