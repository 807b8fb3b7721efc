"""Slips over HTTP: the desk writes them, a post lets goods out once, the barrier opens after."""

import secrets
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.ports import DeviceOfflineError
from gateway.runtime.house import House
from tests.admin_api.compound import created, done, home, slip
from tests.admin_api.conftest import Machine, Person
from tests.admin_api.house import FakeCommands, FakePortals

ALL = [{"line": 1, "qty": 1}, {"line": 2, "qty": 2}]


def load(made: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"release_id": secrets.token_hex(16), "text": made["token"], "lines": ALL, **more}


def portals(house: House) -> FakePortals:
    assert isinstance(house.portals, FakePortals)
    return house.portals


def test_goods_leave_exactly_once(admin: TestClient, person: Person, house: House) -> None:
    """Looking spends nothing, the first release is green, the second shows the first."""
    made = slip(admin, home(admin))
    guard = person(Role.GUARD)
    for _ in range(2):
        assert done(guard, "/post/verify", {"text": made["token"]})["code"] == "OK"
    first = done(guard, "/post/release", load(made))
    assert (first["code"], first["colour"]) == ("RELEASED", "green")
    second = done(guard, "/post/release", load(made))
    assert (second["code"], second["colour"]) == ("ALREADY_RELEASED", "red")
    assert second["evidence"][0]["release_id"] == first["release_id"]
    assert portals(house).acts == [("open", "main-in", guard.get("/api/v1/me").json()["id"], "slip 1")]


def test_a_release_that_is_sent_again_gets_the_same_answer(admin: TestClient, person: Person) -> None:
    """The post keeps its release id until it has an answer; another body under it is refused."""
    made = slip(admin, home(admin))
    guard = person(Role.GUARD)
    body = load(made)
    first = done(guard, "/post/release", body)
    assert done(guard, "/post/release", body) == first
    answer = guard.post("/api/v1/post/release", json={**body, "lines": ALL[:1]})
    assert answer.status_code == 409


def test_a_repeated_release_does_not_open_the_barrier_again(admin: TestClient, person: Person, house: House) -> None:
    """Neither under the same Idempotency-Key, nor under another, nor without one."""
    made = slip(admin, home(admin))
    guard, body = person(Role.GUARD), load(made)
    keys: list[dict[str, str]] = [{"Idempotency-Key": "a"}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}, {}]
    answers = [guard.post("/api/v1/post/release", json=body, headers=key).json() for key in keys]
    assert answers[0]["code"] == "RELEASED"
    assert answers == answers[:1] * 4
    assert [act[:2] for act in portals(house).acts] == [("open", "main-in")]


def test_every_new_load_opens_the_barrier(admin: TestClient, person: Person, house: House) -> None:
    """A slip for several trips opens it for each; a slip that lets nothing go opens nothing."""
    made = slip(admin, home(admin), several_trips=True)
    guard = person(Role.GUARD)
    for line in ALL:
        assert done(guard, "/post/release", load(made, lines=[line]))["code"] == "RELEASED"
    assert done(guard, "/post/release", load(made))["code"] != "RELEASED"
    assert [act[0] for act in portals(house).acts] == ["open", "open"]


def test_a_verdict_names_nobody_who_lives_here(admin: TestClient, person: Person) -> None:
    """A guard compares goods and plate, not people."""
    made = slip(admin, home(admin), applicant="赵敏")
    verdict = person(Role.GUARD).post("/api/v1/post/verify", json={"text": made["token"]})
    assert "赵敏" not in verdict.text
    assert person(Role.CAPTAIN).get(f"/api/v1/slips/{made['id']}").status_code == 403


def test_a_guard_acts_at_the_own_post(admin: TestClient, person: Person) -> None:
    """And names no other."""
    made = slip(admin, home(admin))
    guard = person(Role.GUARD)
    answer = guard.post("/api/v1/post/verify", json={"text": made["token"], "post": "north"})
    assert answer.status_code == 403
    verdict = done(person(Role.CAPTAIN), "/post/verify", {"text": made["token"], "post": "north"})
    assert (verdict["code"], verdict["colour"]) == ("WRONG_GATE", "amber")


def test_a_machine_says_which_post_it_is(admin: TestClient) -> None:
    """It stands nowhere by itself."""
    answer = admin.post("/api/v1/post/verify", json={"slip_no": 1})
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {"post"}


@pytest.mark.parametrize("shown", [{}, {"text": "RS1:X", "slip_no": 1}])
def test_a_slip_is_scanned_or_typed(admin: TestClient, shown: dict[str, Any]) -> None:
    """One of the two."""
    assert admin.post("/api/v1/post/verify", json={**shown, "post": "main"}).status_code == 400


def test_garbage_is_a_verdict_not_an_error(admin: TestClient) -> None:
    """The guard sees grey, whatever the scanner read."""
    for text in ("", "https://example.com", "RS1:" + "Z" * 3000, "6944444444444"):
        answer = admin.post("/api/v1/post/verify", json={"text": text, "post": "main"})
        assert (answer.status_code, answer.json()["colour"]) == (200, "grey")


def test_goods_that_are_turned_back_are_written_down(admin: TestClient, person: Person) -> None:
    """And tell the desk."""
    made = slip(admin, home(admin))
    body = {"release_id": secrets.token_hex(16), "text": made["token"], "reason": "a third chair"}
    assert done(person(Role.GUARD), "/post/refuse", body)["code"] == "REFUSED"
    story = admin.get(f"/api/v1/slips/{made['id']}/story").json()["items"]
    assert [movement["kind"] for movement in story] == ["refuse"]


def test_a_barrier_that_fails_after_a_release_is_an_alarm(admin: TestClient, person: Person, house: House) -> None:
    """The goods are released all the same: the guard is there."""
    made = slip(admin, home(admin))
    portals(house).failure = DeviceOfflineError("The barrier is gone.")
    assert done(person(Role.GUARD), "/post/release", load(made))["code"] == "RELEASED"
    alarms = admin.get("/api/v1/alarms", params={"open": True}).json()["items"]
    assert [(alarm["kind"], alarm["source"]) for alarm in alarms] == [("open_failed", "portal:main-in")]


def test_the_barrier_behind_a_controller_opens_by_command(admin: TestClient, person: Person, house: House) -> None:
    """On the record before it moves."""
    made = slip(admin, home(admin), post="north")
    captain = person(Role.CAPTAIN)
    assert done(captain, "/post/release", load(made, post="north"))["code"] == "RELEASED"
    assert isinstance(house.commands, FakeCommands)
    assert house.commands.sent == [("north", "open", "north-in", captain.get("/api/v1/me").json()["id"])]
    records = admin.get("/api/v1/events", params={"target": "portal:north-in", "kind": "portal.opened"}).json()
    assert records["items"][0]["body"]["reason"] == "slip 1"


def test_another_persons_slip_is_reviewed_before_it_is_issued(admin: TestClient, machine: Machine) -> None:
    """Draft, consent, review by a second person, number and token (R-SLIP-6)."""
    place = home(admin)
    items = [{"line": 1, "name": "货架", "qty": 3, "unit": "个"}]
    form = {"kind": "shop", "unit_id": place.unit, "applicant": "便利店", "items": items, "post": "main"}
    desk = machine(Role.FRONT_DESK)
    draft = created(desk, "/slips", form)
    assert (draft["state"], draft["slip_no"]) == ("draft", None)
    address = f"/slips/{draft['id']}"
    done(desk, f"{address}/ask-owner")
    done(desk, f"{address}/consent", {"method": "phone", "by": "李娜", "identity_checked": True})
    assert desk.post(f"/api/v1{address}/issue").json()["rule"] == "R-SLIP-6"
    assert desk.post(f"/api/v1{address}/review").status_code == 403
    assert done(machine(Role.SUPERVISOR), f"{address}/review")["review"]["name"] == "test supervisor"
    issued = done(desk, f"{address}/issue")
    assert (issued["state"], issued["slip_no"]) == ("issued", 1)
    assert admin.get("/api/v1/slips/by-number/1").json()["token"] == issued["token"]


def test_an_owner_who_says_no_ends_the_slip(admin: TestClient) -> None:
    """Nothing can be issued from it."""
    place = home(admin)
    items = [{"line": 1, "name": "沙发", "qty": 1}]
    form = {"kind": "tenant", "unit_id": place.unit, "applicant": "汤姆", "items": items, "post": "main"}
    draft = created(admin, "/slips", form)
    done(admin, f"/slips/{draft['id']}/ask-owner")
    body = {"by": "李娜", "reason": "the sofa is mine"}
    assert done(admin, f"/slips/{draft['id']}/refuse-consent", body)["state"] == "owner_refused"
    assert admin.post(f"/api/v1/slips/{draft['id']}/issue").status_code == 422


def test_a_void_slip_lets_nothing_out(admin: TestClient, machine: Machine) -> None:
    """A clerk voids only what he wrote himself."""
    made = slip(admin, home(admin))
    address = f"/api/v1/slips/{made['id']}/void"
    assert machine(Role.FRONT_DESK).post(address, json={"reason": "not mine"}).status_code == 403
    done(admin, f"/slips/{made['id']}/void", {"reason": "written twice"})
    verdict = done(admin, "/post/verify", {"text": made["token"], "post": "main"})
    assert (verdict["code"], verdict["colour"]) == ("CANCELLED", "red")


def test_the_list_of_goods_is_told_what_is_wrong_with_it_line_by_line(admin: TestClient) -> None:
    """All at once (R-SLIP-5)."""
    place = home(admin)
    items = [{"line": 1, "name": "", "qty": 0}, {"line": 3, "name": "椅子", "qty": 2}]
    form = {"kind": "household", "unit_id": place.unit, "applicant": "李娜", "items": items, "post": "main"}
    answer = admin.post("/api/v1/slips", json=form)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {"items.0.name", "items.0.qty", "items.1.line"}


def test_the_qr_is_a_picture_that_stands_alone(admin: TestClient) -> None:
    """An SVG document with nothing but a path in it: level M for a screen, Q for paper."""
    made = slip(admin, home(admin), plate="粤B12345")
    answer = admin.get(f"/api/v1/slips/{made['id']}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(answer.content)  # noqa: S314 - our own answer
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    widths = [
        ET.fromstring(admin.get(f"/api/v1/slips/{made['id']}/qr.svg", params={"for": medium}).content).get("width")  # noqa: S314 - our own answer
        for medium in ("screen", "paper")
    ]
    assert widths == [str(4 * (modules + 8)) for modules in (49, 57)]
    draft = {"kind": "household", "unit_id": made["unit_id"], "applicant": "李娜", "post": "main"}
    other = created(admin, "/slips", {**draft, "items": [{"line": 1, "name": "灯", "qty": 1}]})
    assert admin.get(f"/api/v1/slips/{other['id']}/qr.svg").status_code == 422


def test_the_slips_are_listed_oldest_first(admin: TestClient) -> None:
    """And by state and unit."""
    place = home(admin)
    numbers = [slip(admin, place)["slip_no"] for _ in range(3)]
    part = admin.get("/api/v1/slips", params={"limit": 2}).json()
    assert [s["slip_no"] for s in part["items"]] == numbers[:2]
    rest = admin.get("/api/v1/slips", params={"after": part["next"], "state": "issued", "unit_id": place.unit}).json()
    assert ([s["slip_no"] for s in rest["items"]], rest["next"]) == (numbers[2:], None)
