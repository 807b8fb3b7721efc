"""Every page: who may enter, no foreign or inline script, and errors as pages."""

import re
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from admin_api import roles
from gateway.domain.person import Role
from tests.admin_api.compound import Home, card
from tests.admin_api.pages.conftest import Browser

PAGES = {
    "/desk": roles.DESK_READ,
    "/desk/units/1": roles.DESK_READ,
    "/desk/cards/1": roles.DESK_READ,
    "/desk/cards/1/lost": roles.LOSS,
    "/desk/cards/1/cancel": roles.DESK,
    "/desk/units/1/handover": roles.DESK,
    "/desk/units/1/people": roles.DESK,
    "/desk/units/1/slips": roles.DESK,
    "/desk/occupants/1/end": roles.DESK,
    "/desk/batches": roles.DESK_READ,
    "/desk/batches/new": roles.DESK,
    "/desk/encoders/desk/clear/04A1B2C3D4E5F6": roles.DESK,
    "/post": roles.VERIFY,
    "/post/main": roles.VERIFY,
    "/console": roles.RECORD,
    "/console/portals/main-in/open": roles.OPEN,
    "/settings": roles.ANYONE,
    "/settings/card-keys": roles.AUDIT,
}
"""Each page and who may see it; the guard stands at the post "main"."""


@pytest.fixture
def filled(admin: TestClient, place: Home) -> None:
    """A household with a card."""
    card(admin, place)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("role", Role)
def test_a_role_enters_exactly_where_the_table_says(as_role: Callable[[Role], Browser], role: Role) -> None:
    """Deny by default."""
    client = as_role(role).client
    seen = {path: client.get(path).status_code for path in PAGES}
    assert seen == {path: 200 if role in allowed else 403 for path, allowed in PAGES.items()}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/desk/cards/99"])
def test_nothing_foreign_and_nothing_inline(admin_page: Browser, path: str) -> None:
    """The policy forbids it, and no page tries."""
    answer = admin_page.client.get(path, headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son\w+=", answer.text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)


def test_an_unknown_address_is_a_page_for_people_and_json_for_machines(admin_page: Browser) -> None:
    """Each gets an answer in its own language."""
    assert "There is no such page." in admin_page.see("/nothing", 404)
    assert admin_page.client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"


def test_a_stranger_sees_an_error_without_the_house(stranger: TestClient) -> None:
    """A form from elsewhere is refused before anybody is known."""
    answer = stranger.post("/sign-in", data={"login": "x"}, headers={"Accept-Language": "zh-TW"})
    assert answer.status_code == 403
    assert '<html lang="zh-Hant">' in answer.text


def test_a_script_of_a_signed_out_page_is_told_so(stranger: TestClient) -> None:
    """401 instead of a page inside a page."""
    assert stranger.get("/console/events", headers={"X-Partial": "1"}).status_code == 401


def test_static_files_are_kept_by_their_content(stranger: TestClient) -> None:
    """Named by digest they never change; modules are asked for anew."""
    page = stranger.get("/sign-in").text
    style = re.search(r'href="(/static/design\.css\?v=\w+)"', page)
    assert style is not None
    assert "immutable" in stranger.get(style[1]).headers["cache-control"]
    assert stranger.get("/static/keys.js").headers["cache-control"] == "no-cache"
