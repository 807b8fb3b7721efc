"""The site over HTTP: areas, what a basis gives, and when."""

import dataclasses

from starlette.testclient import TestClient

from admin_api.app import create_app
from gateway.runtime.house import House
from tests.admin_api.compound import card, created, done, home
from tests.admin_api.house import FakeRemovals

WEEK = [[[480, 1080]]] * 5 + [[], []]


def test_the_site_says_what_it_is(admin: TestClient) -> None:
    """Name, number and time zone."""
    site = admin.get("/api/v1/site").json()
    assert (site["slug"], site["number"], site["timezone"]) == ("lake", 7, "Asia/Shanghai")


def test_other_readers_list_everybody_anew(admin: TestClient, house: House) -> None:
    """An area whose readers show two forms has two entries a card."""
    card(admin, home(admin))
    answer = admin.put("/api/v1/areas/gardens/forms", json={"forms": ["uid", "w26"]})
    assert answer.json()["forms"] == ["uid", "w26"]
    assert len(house.keeper.lists()["gardens"]) == 2
    lists = admin.get("/api/v1/lists").json()["items"]
    assert [(entry["id"], entry["count"]) for entry in lists] == [("gardens", 2)]


def test_a_basis_gives_what_its_rule_says(admin: TestClient, house: House) -> None:
    """From now on, to everybody who has one."""
    card(admin, home(admin))
    created(admin, "/areas", {"id": "pool", "name": "泳池"})
    rule = {"common_areas": ["gardens", "pool"], "flags": 2}
    assert admin.put("/api/v1/access-rules/residence", json=rule).json()["common_areas"] == ["gardens", "pool"]
    assert len(house.keeper.lists()["pool"]) == 1
    rules = {rule["basis"] for rule in admin.get("/api/v1/access-rules").json()["items"]}
    assert rules == {"residence", "tenancy"}
    assert admin.put("/api/v1/access-rules/residence", json={"common_areas": ["moon"]}).status_code == 404


def test_schedules_are_numbered_and_checked(admin: TestClient) -> None:
    """Hours that run backwards are refused."""
    made = created(admin, "/schedules", {"name": "工作日", "weekdays": WEEK, "holidays": [[600, 720]]})
    assert (made["number"], made["weekdays"], made["holidays"]) == (1, WEEK, [[600, 720]])
    answer = admin.post("/api/v1/schedules", json={"name": "x", "weekdays": [[[1080, 480]]] * 7})
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"ranges"})
    assert [s["number"] for s in admin.get("/api/v1/schedules").json()["items"]] == [1]


def test_holidays_come_and_go(admin: TestClient, house: House) -> None:
    """Twice is once; the calendar's version rises only when something changed."""
    for _ in range(2):
        assert admin.put("/api/v1/holidays/2026-02-17").json() == {"days": ["2026-02-17"]}
    version = house.keeper.calendar().version
    assert admin.delete("/api/v1/holidays/2026-02-18").json() == {"days": ["2026-02-17"]}
    assert house.keeper.calendar().version == version
    assert admin.delete("/api/v1/holidays/2026-02-17").json() == {"days": []}
    assert admin.get("/api/v1/holidays").json() == {"days": []}


def test_a_mass_removal_goes_when_a_person_says_so(admin: TestClient, house: House) -> None:
    """Recorded with who said it; a list on which nothing waits is told so, without a broker too."""
    assert admin.post("/api/v1/lists/gardens/confirm-removal").status_code == 409
    waiting = dataclasses.replace(house, removals=FakeRemovals())
    client = TestClient(create_app(waiting), base_url="https://testserver", headers=dict(admin.headers))
    assert done(client, "/lists/gardens/confirm-removal") == {"list": "gardens", "result": "confirmed"}
    assert client.post("/api/v1/lists/gardens/confirm-removal").status_code == 409
    kinds = [record["kind"] for record in admin.get("/api/v1/events?kind=lists.").json()["items"]]
    assert kinds == ["lists.removal_confirmed"]
