"""A change is made once however often it is asked for, and never over someone else's."""

import base64
import threading

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from admin_api.etags import tag_of
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.storage.tables import areas, idempotency
from tests.admin_api.compound import created, home
from tests.admin_api.conftest import Machine

POOL = {"id": "pool", "name": "泳池"}
KEY = {"Idempotency-Key": "a-1"}


@pytest.fixture
def house_url(store_url: str) -> str:
    """SQLite and PostgreSQL alike."""
    return store_url


def test_a_repeat_gets_the_same_answer_and_changes_nothing(admin: TestClient) -> None:
    """Status, body and entity tag are those of the first answer."""
    first = admin.post("/api/v1/areas", json=POOL, headers=KEY)
    again = admin.post("/api/v1/areas", json=POOL, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"] == tag_of(first.content)
    records = admin.get("/api/v1/events", params={"target": "area:pool"}).json()["items"]
    assert len(records) == 1


def test_a_key_serves_one_request_only(admin: TestClient) -> None:
    """Another body, or another address, under the same key is refused."""
    admin.post("/api/v1/areas", json=POOL, headers=KEY)
    assert admin.post("/api/v1/areas", json={**POOL, "name": "Pool"}, headers=KEY).status_code == 409
    assert admin.post("/api/v1/units", json={"code": "1-1-1"}, headers=KEY).status_code == 409


def test_keys_of_different_askers_do_not_meet(admin: TestClient, machine: Machine) -> None:
    """A key names a change to its sender."""
    admin.post("/api/v1/areas", json=POOL, headers=KEY)
    answer = machine(Role.MANAGER).post("/api/v1/areas", json={"id": "roof", "name": "天台"}, headers=KEY)
    assert answer.status_code == 201


def test_a_refused_request_may_be_tried_again_under_its_key(admin: TestClient) -> None:
    """Nothing happened, so nothing is remembered."""
    body = {"id": "pool", "name": "泳池门", "direction": "in", "lists": ["pool"]}
    assert admin.post("/api/v1/portals", json=body, headers=KEY).status_code == 400
    created(admin, "/areas", POOL)
    assert admin.post("/api/v1/portals", json=body, headers=KEY).status_code == 201


def test_a_twin_that_comes_at_the_same_moment_is_done_once(admin: TestClient, house: House) -> None:
    """Eight threads, one change."""
    answers = []

    def ask() -> None:
        answers.append(admin.post("/api/v1/areas", json=POOL, headers=KEY))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    with house.store.read() as conn:
        assert conn.execute(select(func.count()).where(areas.c.id == "pool")).scalar() == 1


def test_an_answer_with_a_secret_is_sealed_in_the_store(admin: TestClient, house: House) -> None:
    """A repeat of "enrol" gets the same file, and what is kept for it says nothing."""
    first = admin.post("/api/v1/controllers/north/enrol", headers=KEY)
    again = admin.post("/api/v1/controllers/north/enrol", headers=KEY)
    assert first.content == again.content
    file = first.json()
    with house.store.read() as conn:
        kept = base64.b64decode(conn.execute(select(idempotency.c.body)).scalar_one())
    assert file["list_key"].encode() not in kept
    assert file["broker"]["password"].encode() not in kept


def test_an_edit_on_top_of_someone_elses_is_refused(admin: TestClient) -> None:
    """With If-Match the slower of two is told so (412); without it the last one wins."""
    person = created(admin, "/people", {"name": "李娜", "phone": "13800001234"})["id"]
    seen = admin.get(f"/api/v1/people/{person}").headers["etag"]
    address = f"/api/v1/people/{person}"
    assert admin.patch(address, json={"phone": "13911112222"}, headers={"If-Match": seen}).status_code == 200
    late = admin.patch(address, json={"name": "李纳"}, headers={"If-Match": seen})
    assert late.status_code == 412
    assert admin.get(address).json()["name"] == "李娜"
    assert admin.patch(address, json={"name": "李纳"}, headers={"If-Match": "*"}).status_code == 200
    assert admin.patch(address, json={"name": "李娜"}).status_code == 200


def test_the_answer_to_an_edit_carries_the_next_tag(admin: TestClient) -> None:
    """So that edits can follow each other without looking in between."""
    unit = home(admin).unit
    address = f"/api/v1/units/{unit}/arrears"
    tag = admin.put(address, json={"arrears": True}).headers["etag"]
    assert admin.put(address, json={"arrears": False}, headers={"If-Match": tag}).status_code == 200


def test_what_has_not_changed_is_not_sent_again(admin: TestClient) -> None:
    """A GET with the entity tag of what one holds gets 304 and no body."""
    answer = admin.get("/api/v1/site")
    again = admin.get("/api/v1/site", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_list_is_walked_in_parts_without_gap_or_repeat(admin: TestClient) -> None:
    """Also while it grows: the newest come last."""
    for number in range(7):
        created(admin, "/units", {"code": f"1-1-{number}"})
    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        part = admin.get("/api/v1/units", params={"after": cursor, "limit": 3}).json()
        seen += [unit["code"] for unit in part["items"]]
        if len(seen) == 3:
            created(admin, "/units", {"code": "1-1-7"})
        cursor = part["next"]
    assert seen == [f"1-1-{number}" for number in range(8)]


def test_a_short_list_is_walked_by_its_names(admin: TestClient) -> None:
    """Areas, portals, controllers and users have text cursors."""
    names = []
    cursor: str | None = ""
    while cursor is not None:
        part = admin.get("/api/v1/portals", params={"after": cursor, "limit": 1}).json()
        names += [portal["id"] for portal in part["items"]]
        cursor = part["next"]
    assert names == ["main-in", "main-out", "north-in"]


def test_every_change_is_on_the_record_with_its_request(admin: TestClient) -> None:
    """Who, what, and the id of the request that asked for it."""
    admin.post("/api/v1/areas", json=POOL, headers={"X-Request-Id": "desk-7"})
    record = admin.get("/api/v1/events", params={"target": "area:pool"}).json()["items"][0]
    assert record["kind"] == "site.area_added"
    assert record["actor"].startswith("token:")
    assert record["body"]["request_id"] == "desk-7"
