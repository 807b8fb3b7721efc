"""People sign in by password or by a one-time link, and nothing they typed but the password comes back."""

from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM
from tests.admin_api.conftest import ORIGIN, PASSWORD
from tests.admin_api.pages.conftest import Browser

FROM_HERE = {"Origin": ORIGIN, "Accept-Language": "en"}


def add_user(house: House) -> int:
    with house.store.write(SYSTEM) as uow:
        return accounts.create_user(uow, login="li.na", name="李娜", roles=[Role.FRONT_DESK], password=PASSWORD).id


def test_a_stranger_is_asked_to_sign_in_and_comes_back(stranger: TestClient, house: House) -> None:
    """The page asked for is where signing in leads."""
    add_user(house)
    asked = stranger.get("/console", follow_redirects=False)
    assert asked.headers["location"] == "/sign-in?next=/console"
    form = {"login": "li.na", "password": PASSWORD, "next": "/console"}
    answer = stranger.post("/sign-in", data=form, headers=FROM_HERE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert stranger.get("/console").status_code == 200


def test_a_wrong_password_keeps_the_name_and_forgets_the_password(stranger: TestClient, house: House) -> None:
    """One sentence, whatever was wrong."""
    add_user(house)
    form = {"login": "li.na", "password": "a wrong one indeed"}
    answer = stranger.post("/sign-in", data=form, headers=FROM_HERE)
    assert answer.status_code == 422
    assert "The login or the password is wrong." in answer.text
    assert 'value="li.na"' in answer.text
    assert "a wrong one indeed" not in answer.text


def test_no_other_site_signs_anyone_in(stranger: TestClient, house: House) -> None:
    """A form sent from elsewhere is refused, and so is one whose browser says nothing."""
    add_user(house)
    form = {"login": "li.na", "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        assert stranger.post("/sign-in", data=form, headers=headers).status_code == 403


def test_next_leads_nowhere_else(stranger: TestClient, house: House) -> None:
    """A path of ours, or the front."""
    add_user(house)
    for evil in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        form = {"login": "li.na", "password": PASSWORD, "next": evil}
        answer = stranger.post("/sign-in", data=form, headers=FROM_HERE, follow_redirects=False)
        assert answer.headers["location"] == "/"


def test_a_link_is_used_by_its_button_and_not_by_looking(stranger: TestClient, house: House) -> None:
    """Chat programs look at links; a second press says so."""
    user = add_user(house)
    with house.store.write(SYSTEM) as uow:
        secret = accounts.make_sign_in_link(uow, user)
    assert stranger.get(f"/sign-in/{secret}").status_code == 200
    assert stranger.get(f"/sign-in/{secret}").status_code == 200
    answer = stranger.post(f"/sign-in/{secret}", headers=FROM_HERE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    stranger.cookies.clear()
    again = stranger.post(f"/sign-in/{secret}", headers=FROM_HERE)
    assert again.status_code == 422
    assert "This link was used already" in again.text


def test_signing_out_ends_the_session(clerk: Browser) -> None:
    """The cookie goes and would not help any more."""
    cookie = dict(clerk.client.cookies)
    clerk.submit("/sign-out")
    clerk.client.cookies.update(cookie)
    assert "/sign-in" in str(clerk.client.get("/desk").url)


def test_everyone_lands_where_they_work(clerk: Browser, guard: Browser) -> None:
    """The desk for the desk, the own post for a guard."""
    assert clerk.client.get("/").url.path == "/desk"
    assert guard.client.get("/").url.path == "/post/main"


def test_the_language_is_kept_with_the_account(clerk: Browser) -> None:
    """Until another is chosen; an unknown one changes nothing."""
    clerk.submit("/language", language="zh-Hant", back="/settings")
    assert '<html lang="zh-Hant">' in clerk.see("/settings")
    clerk.submit("/language", language="xx", back="/settings")
    assert '<html lang="zh-Hant">' in clerk.see("/settings")


def test_a_form_without_the_session_s_token_is_refused(clerk: Browser) -> None:
    """Even from our own origin."""
    answer = clerk.client.post("/sign-out", data={"csrf": "guessed"})
    assert answer.status_code == 403
