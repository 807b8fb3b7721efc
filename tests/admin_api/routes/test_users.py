"""Accounts over HTTP: who may sign in, by what, and until when."""

from starlette.testclient import TestClient

from gateway.domain.person import Role
from tests.admin_api.compound import created, done
from tests.admin_api.conftest import ORIGIN, PASSWORD, Person

LI_NA = {"login": "li.na", "name": "李娜", "roles": ["front_desk"], "password": PASSWORD}


def test_a_user_is_added_and_signs_in(admin: TestClient, stranger: TestClient) -> None:
    """The password goes in and never comes out."""
    answer = admin.post("/api/v1/users", json=LI_NA)
    assert answer.status_code == 201
    assert PASSWORD not in answer.text
    assert "hash" not in answer.text
    session = stranger.post("/api/v1/session", json={"login": "li.na", "password": PASSWORD})
    assert session.json()["user"]["roles"] == ["front_desk"]


def test_a_login_is_taken_once(admin: TestClient) -> None:
    """Whatever its case."""
    created(admin, "/users", LI_NA)
    answer = admin.post("/api/v1/users", json={**LI_NA, "login": "Li.Na"})
    assert (answer.status_code, answer.json()["fields"]) == (409, {"login": "taken"})


def test_a_guard_stands_at_a_post_that_exists(admin: TestClient) -> None:
    """Another is refused by its name."""
    guard = {"login": "guard", "name": "门卫", "roles": ["guard"], "post": "moon"}
    assert admin.post("/api/v1/users", json=guard).status_code == 404
    assert created(admin, "/users", {**guard, "post": "main"})["post"] == "main"


def test_a_link_signs_in_once(admin: TestClient, stranger: TestClient) -> None:
    """The second time it is too late."""
    user = created(admin, "/users", {**LI_NA, "password": None})["id"]
    secret = done(admin, f"/users/{user}/sign-in-link")["secret"]
    assert stranger.post("/api/v1/session/link", json={"secret": secret}).status_code == 201
    assert stranger.post("/api/v1/session/link", json={"secret": secret}).status_code == 401


def test_other_roles_end_every_session(admin: TestClient, person: Person) -> None:
    """Nobody keeps the rights of yesterday."""
    desk = person(Role.FRONT_DESK)
    user = int(desk.get("/api/v1/me").json()["id"].removeprefix("user:"))
    address = f"/api/v1/users/{user}/roles"
    tag = admin.get(f"/api/v1/users/{user}").headers["etag"]
    assert admin.put(address, json={"roles": ["guard"]}, headers={"If-Match": tag}).status_code == 200
    assert admin.put(address, json={"roles": ["admin"]}, headers={"If-Match": tag}).status_code == 412
    assert desk.get("/api/v1/me").status_code == 401


def test_a_user_who_is_shut_out_stays_out(admin: TestClient, person: Person) -> None:
    """At once, and by password too."""
    desk = person(Role.FRONT_DESK)
    user = int(desk.get("/api/v1/me").json()["id"].removeprefix("user:"))
    done(admin, f"/users/{user}/password", {"password": PASSWORD})
    assert desk.get("/api/v1/me").status_code == 401
    assert done(admin, f"/users/{user}/disable")["disabled"] is True
    answer = desk.post("/api/v1/session", json={"login": "test-front_desk", "password": PASSWORD})
    assert answer.status_code == 401


def test_a_token_is_shown_once(admin: TestClient, stranger: TestClient) -> None:
    """It begins so that scanners of secrets know it."""
    made = created(admin, "/tokens", {"name": "billing", "roles": ["finance"], "days": 30})
    assert made["token"].startswith("gh_")
    listed = admin.get("/api/v1/tokens")
    assert made["token"] not in listed.text
    assert [token["name"] for token in listed.json()["items"]] == ["test admin", "billing"]
    me = stranger.get("/api/v1/me", headers={"Authorization": f"Bearer {made['token']}"}).json()
    assert (me["id"], me["roles"], me["csrf"]) == (f"token:{made['id']}", ["finance"], None)


def test_everyone_chooses_a_language(admin: TestClient, person: Person) -> None:
    """A person does; a machine has none."""
    desk = person(Role.FRONT_DESK)
    assert desk.put("/api/v1/me/language", json={"language": "en"}).status_code == 200
    assert desk.get("/api/v1/me").json()["language"] == "en"
    assert desk.put("/api/v1/me/language", json={"language": "fr"}).status_code == 400
    assert admin.put("/api/v1/me/language", json={"language": "en"}).status_code == 400


def test_a_machine_has_no_session_to_end(admin: TestClient, person: Person) -> None:
    """Its token is revoked instead."""
    assert admin.delete("/api/v1/session", headers={"Origin": ORIGIN}).status_code == 400
    assert person(Role.GUARD).delete("/api/v1/session").json() == {"signed_out": True}
