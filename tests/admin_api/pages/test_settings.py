"""Settings: one's own password, accounts, tokens and controllers; secrets are shown once."""

from collections.abc import Callable

import pytest

from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM
from tests.admin_api.conftest import PASSWORD
from tests.admin_api.pages.conftest import Browser


def test_an_administrator_adds_someone_and_hands_out_a_link(admin_page: Browser) -> None:
    """The link is on that page and nowhere afterwards."""
    page = admin_page.submit("/settings/users", login="wang", name="王强", roles=["guard"], post="north")
    assert "王强" in page
    user = page.split("王强")[1].split("/settings/users/")[1].split("/link")[0]
    page = admin_page.submit(f"/settings/users/{user}/link")
    assert "https://testserver/sign-in/" in page
    assert "/sign-in/" not in admin_page.see("/settings")


def test_what_is_wrong_with_an_account_is_said(admin_page: Browser) -> None:
    """Without a role there is no account."""
    page = admin_page.submit("/settings/users", 422, login="wang", name="王强")
    assert "The user needs a login, a name and a role." in page
    assert 'value="王强"' in page


def test_a_token_is_shown_once_and_revoked(admin_page: Browser) -> None:
    """Machines sign in with it until then."""
    page = admin_page.submit("/settings/tokens", token_name="billing", days="30", roles=["finance"])
    assert "gh_" in page
    page = admin_page.see("/settings")
    assert "billing" in page
    assert "gh_" not in page
    token = page.split("/settings/tokens/")[1].split("/revoke")[0]
    assert "billing" not in admin_page.submit(f"/settings/tokens/{token}/revoke")


def test_a_controller_is_enrolled_with_a_file_shown_once(admin_page: Browser) -> None:
    """Its secrets are in it, so it is not shown again."""
    page = admin_page.submit("/settings/controllers/north/enrol")
    assert "list_key" in page
    assert "list_key" not in admin_page.see("/settings")


@pytest.fixture
def knower(clerk: Browser, house: House) -> Browser:
    """Someone at the front desk who signed in with a password."""
    with house.store.write(SYSTEM) as uow:
        user = next(user for user in accounts.list_users(uow.conn) if Role.FRONT_DESK in user.roles)
        accounts.change_password(uow, user.id, PASSWORD)
    clerk.client.cookies.clear()
    answer = clerk.client.post("/api/v1/session", json={"login": user.login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    clerk.client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return clerk


def test_a_new_password_ends_the_session(knower: Browser) -> None:
    """Too short a one is refused and not shown."""
    page = knower.submit("/settings/password", 422, old_password=PASSWORD, password="tiny-one")
    assert "at least" in page
    assert "tiny-one" not in page
    assert PASSWORD not in page
    assert 'action="/sign-in"' in knower.submit("/settings/password", old_password=PASSWORD, password="a longer one")


def test_a_new_password_takes_the_old_one(knower: Browser) -> None:
    """A screen left open is not enough, and guessing is slowed down as at the door."""
    for _ in range(5):
        page = knower.submit("/settings/password", 422, old_password="a guess of mine", password="a longer one")
        assert "The old password is wrong." in page
    page = knower.submit("/settings/password", 422, old_password=PASSWORD, password="a longer one")
    assert "Too many wrong passwords." in page


def test_who_came_by_a_link_is_not_asked_for_what_was_forgotten(knower: Browser, house: House) -> None:
    """Links are for that."""
    assert 'name="old_password"' in knower.see("/settings")
    with house.store.write(SYSTEM) as uow:
        user = next(user for user in accounts.list_users(uow.conn) if Role.FRONT_DESK in user.roles)
        link = accounts.make_sign_in_link(uow, user.id)
    knower.client.cookies.clear()
    answer = knower.client.post("/api/v1/session/link", json={"secret": link})
    knower.client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert 'name="old_password"' not in knower.see("/settings")
    assert 'action="/sign-in"' in knower.submit("/settings/password", password="a longer one")


def test_others_see_their_own_account_only(as_role: Callable[[Role], Browser]) -> None:
    """No list of users for a guard."""
    page = as_role(Role.GUARD).see("/settings")
    assert "Your account" in page
    assert "Who may sign in" not in page
