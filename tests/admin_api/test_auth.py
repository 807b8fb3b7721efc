"""People come by cookie, machines by token; a browser that was tricked changes nothing."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM
from tests.admin_api.conftest import ORIGIN, PASSWORD
from tests.admin_api.house import FakeClock

Client = Callable[[Role], TestClient]
AREA = {"id": "pool", "name": "泳池"}


def sign_in(client: TestClient, password: str = PASSWORD) -> int:
    return client.post("/api/v1/session", json={"login": "li.na", "password": password}).status_code


@pytest.fixture
def li_na(house: House) -> int:
    """A manager with a password; her user id."""
    with house.store.write(SYSTEM) as uow:
        return accounts.create_user(uow, login="li.na", name="李娜", roles=[Role.MANAGER], password=PASSWORD).id


def test_a_password_begins_a_session_in_a_cookie_no_script_can_read(stranger: TestClient, li_na: int) -> None:
    """The cookie is for this host only, secure, out of reach of scripts, and never sent from another site."""
    answer = stranger.post("/api/v1/session", json={"login": "li.na", "password": PASSWORD})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-gatehouse=")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert "Domain" not in cookie
    assert stranger.get("/api/v1/me").json()["id"] == f"user:{li_na}"


def test_wrong_passwords_must_wait_longer_and_longer(stranger: TestClient, li_na: int, clock: FakeClock) -> None:
    """After five wrong tries the sixth is told when to come back, and the right password does not help before."""
    assert [sign_in(stranger, "wrong password") for _ in range(5)] == [401] * 5
    answer = stranger.post("/api/v1/session", json={"login": "li.na", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after_s"] >= 1
    clock.now += 3600
    assert sign_in(stranger) == 201
    assert li_na


def test_signing_out_ends_the_session_for_good(person: Client) -> None:
    """The secret of an ended session opens nothing, even when a thief kept it."""
    client = person(Role.MANAGER)
    secret = client.cookies["__Host-gatehouse"]
    assert client.delete("/api/v1/session").status_code == 200
    client.cookies.set("__Host-gatehouse", secret)
    assert client.get("/api/v1/me").status_code == 401


def test_a_session_ends_after_twelve_hours(person: Client, clock: FakeClock) -> None:
    """Whoever was signed in before signs in anew."""
    client = person(Role.GUARD)
    clock.now += 12 * 3600 - 1
    assert client.get("/api/v1/me").status_code == 200
    clock.now += 1
    assert client.get("/api/v1/me").status_code == 401


def test_a_revoked_token_is_refused_at_once(admin: TestClient, machine: Client) -> None:
    """The very next request with it gets 401 (G-4)."""
    other = machine(Role.AUDITOR)
    token_id = int(other.get("/api/v1/me").json()["id"].removeprefix("token:"))
    assert admin.post(f"/api/v1/tokens/{token_id}/revoke").status_code == 200
    answer = other.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer gh_wrong", "Bearer", "Basic Zm9vOmJhcg==", "Bearer gh_\u00e9", ""])
def test_a_bad_token_is_not_rescued_by_a_good_cookie(person: Client, header: str) -> None:
    """Whoever shows a token is judged by it."""
    client = person(Role.MANAGER)
    assert client.get("/api/v1/me", headers={b"Authorization": header.encode()}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN, "X-CSRF-Token": "guess"},
        {"Origin": ORIGIN, "X-CSRF-Token": ""},
    ],
)
def test_a_change_from_another_site_is_refused(person: Client, headers: dict[str, str]) -> None:
    """The cookie alone changes nothing: the origin must be ours and the page's token must come along."""
    client = person(Role.MANAGER)
    answer = client.post("/api/v1/areas", json=AREA, headers=headers)
    assert answer.status_code == 403
    assert client.get("/api/v1/areas/pool").status_code == 404


def test_a_change_without_any_origin_is_refused(person: Client) -> None:
    """A browser that does not say where a request comes from is not believed."""
    client = person(Role.MANAGER)
    del client.headers["Origin"]
    assert client.post("/api/v1/areas", json=AREA).status_code == 403
    assert client.post("/api/v1/areas", json=AREA, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201


def test_another_site_cannot_sign_anyone_in(stranger: TestClient, li_na: int) -> None:
    """A forged sign-in would put a victim into the attacker's account."""
    answer = stranger.post(
        "/api/v1/session", json={"login": "li.na", "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert li_na


def test_the_use_of_a_token_is_noted_once_an_hour(admin: TestClient, machine: Client, clock: FakeClock) -> None:
    """So that an unused token can be found and revoked."""
    other = machine(Role.AUDITOR)
    token_id = int(other.get("/api/v1/me").json()["id"].removeprefix("token:"))

    def used_at() -> str:
        tokens = admin.get("/api/v1/tokens").json()["items"]
        return str(next(token["used_at"] for token in tokens if token["id"] == token_id))

    first = used_at()
    clock.now += 3599
    other.get("/api/v1/me")
    assert used_at() == first
    clock.now += 1
    other.get("/api/v1/me")
    assert used_at() > first
