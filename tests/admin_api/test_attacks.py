"""What an attacker sends: it gets no further than a refusal, and no stack trace, no memory and no secret out of us."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from admin_api.auth import COOKIE
from admin_api.limits import MAX_BODY
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM
from tests.admin_api.conftest import ORIGIN, Machine, Person

HERE = {"Origin": ORIGIN}


@pytest.fixture
def house_url(store_url: str) -> str:
    """SQLite and PostgreSQL alike: what one database swallows, the other may choke on."""
    return store_url


def link_for(house: House, login: str = "han") -> tuple[int, str]:
    """A user without a password and a one-time link."""
    with house.store.write(SYSTEM) as uow:
        user = accounts.create_user(uow, login=login, name="韩", roles=[Role.MANAGER]).id
        return user, accounts.make_sign_in_link(uow, user)


def test_of_eight_who_press_a_link_at_once_one_signs_in(stranger: TestClient, house: House) -> None:
    """A stolen link and its owner do not both get in."""
    _user, secret = link_for(house)
    answers: list[int] = []

    def press() -> None:
        answers.append(stranger.post("/api/v1/session/link", json={"secret": secret}).status_code)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [201, *[401] * 7]


def test_a_new_password_ends_links_that_were_made_before(admin: TestClient, stranger: TestClient, house: House) -> None:
    """Whoever made himself a link on a stranger's account loses it with the account."""
    user, secret = link_for(house)
    assert admin.post(f"/api/v1/users/{user}/password", json={"password": "a better battery"}).status_code == 200
    assert stranger.post("/api/v1/session/link", json={"secret": secret}).status_code == 401


def test_signing_in_never_keeps_the_session_one_came_with(stranger: TestClient, house: House) -> None:
    """A secret planted beforehand opens nothing afterwards (session fixation)."""
    planted = "A" * 43
    _user, secret = link_for(house)
    answer = stranger.post("/api/v1/session/link", json={"secret": secret}, headers={"Cookie": f"{COOKIE}={planted}"})
    assert answer.status_code == 201
    assert answer.cookies[COOKIE] != planted
    stranger.cookies.clear()
    assert stranger.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={planted}"}).status_code == 401


def test_an_address_with_a_secret_is_told_to_no_other_site_and_kept_nowhere(stranger: TestClient) -> None:
    """The page of a one-time link: no referrer to others, no cache, no frame."""
    answer = stranger.get("/sign-in/" + "s" * 43)
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("path", ["/desk", "/console", "/settings", "/post/main", "/api/v1/me", "/api/v1/people/1"])
def test_nothing_private_is_kept_by_browser_or_proxy(admin: TestClient, path: str) -> None:
    """Also not what was refused."""
    assert admin.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "there", ["http://[", "//[", "//evil.example", "/\\evil.example", "https://evil.example", "/\tevil", "javascript:1"]
)
def test_next_never_leads_away_and_never_breaks(person: Person, there: str) -> None:
    """The front page instead."""
    answer = person(Role.ADMIN).get("/sign-in", params={"next": there}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_nonsense_about_where_one_comes_from_is_a_refusal(stranger: TestClient, person: Person) -> None:
    """Origin and Referer are text that anyone may send."""
    form = {"login": "a", "password": "b"}
    for origin in ("http://[", "null", "", "http://"):
        assert stranger.post("/api/v1/session", json=form, headers={"Origin": origin}).status_code == 403, origin
        assert stranger.post("/sign-in", data=form, headers={"Origin": origin}).status_code == 403, origin
    assert person(Role.ADMIN).get("/desk/units/99999", headers={"Referer": "http://["}).status_code == 404


def test_a_get_may_not_carry_more_than_a_change(stranger: TestClient) -> None:
    """Nobody fills our memory through a page that anyone may ask for: reading stops at the bound."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b"login="
        for _ in range(100):
            sent += 1
            yield b"a" * MAX_BODY

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = stranger.request("GET", "/sign-in", content=endless(), headers=form)
    assert answer.status_code == 413
    stated = stranger.request("GET", "/sign-in", content=b"", headers={**form, "Content-Length": str(MAX_BODY + 1)})
    assert stated.status_code == 413
    assert stranger.request("GET", "/healthz", content=b"x" * 100).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("POST", "/sign-in", {"data": {"login": "a\0b", "password": "x"}}),
        ("POST", "/api/v1/session", {"json": {"login": "a\0b", "password": "x"}}),
        ("GET", "/sign-in/%00", {}),
        ("GET", "/sign-in", {"params": {"next": "/\0"}}),
    ],
)
def test_a_nul_reaches_no_database(stranger: TestClient, method: str, path: str, how: dict[str, Any]) -> None:
    """PostgreSQL takes none in a text; we say so before it does."""
    assert stranger.request(method, path, headers=HERE, **how).status_code == 400


def test_a_nul_in_a_page_of_someone_signed_in_is_refused(person: Person) -> None:
    """In its address, its query and its form."""
    clerk = person(Role.FRONT_DESK)
    assert clerk.get("/desk", params={"q": "a\0"}).status_code == 400
    assert clerk.get("/post/%00").status_code == 400
    form = {"csrf": clerk.headers["X-CSRF-Token"], "code": "3\0"}
    assert clerk.post("/desk/units/1/slips", data=form).status_code == 400


def test_a_machine_has_no_session_to_end(machine: Machine) -> None:
    """A page's button pressed by a token does nothing."""
    answer = machine(Role.ADMIN).post("/sign-out", headers=HERE, follow_redirects=False)
    assert answer.status_code == 303


def test_an_answer_with_a_secret_is_for_its_asker_alone(admin: TestClient, machine: Machine, house: House) -> None:
    """The same key and the same body from another machine make a new secret; the first is not told."""
    user, _secret = link_for(house)
    key = {"Idempotency-Key": "k"}
    first = admin.post(f"/api/v1/users/{user}/sign-in-link", headers=key)
    other = machine(Role.ADMIN).post(f"/api/v1/users/{user}/sign-in-link", headers=key)
    assert first.status_code == other.status_code == 200
    assert first.json()["secret"] != other.json()["secret"]


@pytest.mark.parametrize("path", ["/live?kinds=scan", "/api/v1/events/stream"])
def test_no_stream_without_signing_in(stranger: TestClient, path: str) -> None:
    """A redirect to the door, or 401."""
    assert stranger.get(path, follow_redirects=False).status_code in {303, 401}


def test_an_unknown_login_is_answered_as_a_wrong_password(stranger: TestClient, house: House) -> None:
    """The same words, the same status; and a password is checked either way, so that it takes as long."""
    with house.store.write(SYSTEM) as uow:
        accounts.create_user(uow, login="li", name="李", roles=[Role.ADMIN], password="correct horse battery")
        gone = accounts.create_user(uow, login="wu", name="吴", roles=[Role.ADMIN], password="correct horse battery")
        accounts.disable_user(uow, gone.id)
    tries = {"li": "wrong horse battery", "wu": "correct horse battery", "nobody": "correct horse battery"}
    answers = [
        stranger.post("/api/v1/session", json={"login": login, "password": password}).json()
        for login, password in tries.items()
    ]
    assert len({(answer["status"], answer["detail"]) for answer in answers}) == 1
    assert answers[0]["status"] == 401
