"""The post: one field, one verdict, one release, and evidence on a repeat."""

import re
import secrets
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.runtime.house import House
from gateway.services import slips
from tests.admin_api.compound import Home, slip
from tests.admin_api.house import FakePortals
from tests.admin_api.pages.conftest import Browser


@pytest.fixture
def token(house: House, admin: TestClient, place: Home) -> str:
    """The QR of an issued slip: a refrigerator and two chairs, by the main post."""
    made = slip(admin, place, plate="粤B12345")
    with house.store.read() as conn:
        return slips.get(conn, made["id"], now=int(house.clock.wall())).token or ""


def scan(guard: Browser, text: str) -> str:
    return guard.submit("/post/main/verify", text=text)


def code_of(page: str) -> str:
    found = re.search(r'data-code="(\w+)"', page)
    assert found is not None, page
    return found[1]


def release(guard: Browser, text: str, **more: Any) -> str:
    form: dict[str, Any] = {"text": text, "release_id": secrets.token_hex(16), "plate": "粤b 12345"}
    ticked = {"seen-1": "1", "seen-2": "1", "qty-1": "1", "qty-2": "2"}
    return guard.submit("/post/main/release", **form | ticked | more)


def test_a_good_slip_shows_its_goods(guard: Browser, token: str) -> None:
    """Green, with the lines to compare and the button to press."""
    page = scan(guard, token)
    assert code_of(page) == "OK"
    assert 'class="verdict green"' in page
    assert "冰箱" in page
    assert 'name="qty-2"' in page


def test_looking_spends_nothing(guard: Browser, token: str) -> None:
    """Ten looks, then a release."""
    for _ in range(10):
        assert code_of(scan(guard, token)) == "OK"
    assert code_of(release(guard, token)) == "RELEASED"


def test_a_repeat_shows_the_first_release(guard: Browser, token: str) -> None:
    """When, where, by whom, which car; and the desk is alarmed."""
    release(guard, token)
    page = scan(guard, token)
    assert code_of(page) == "ALREADY_RELEASED"
    for part in ("大门岗", "Test guard", "粤B12345"):
        assert part in page
    assert "A bad release slip was presented" in guard.see("/console/alarms")


def test_the_same_release_sent_twice_releases_once(guard: Browser, token: str) -> None:
    """A reload after a lost answer is harmless."""
    same = secrets.token_hex(16)
    assert code_of(release(guard, token, release_id=same)) == "RELEASED"
    assert code_of(release(guard, token, release_id=same)) == "RELEASED"


def test_a_release_opens_the_barrier_once(guard: Browser, token: str, barriers: FakePortals) -> None:
    """As over the API: for the first answer, not for its repeat, and not for a slip that is refused."""
    same = secrets.token_hex(16)
    release(guard, token, plate="粤A99999")
    assert barriers.acts == []
    for _ in range(2):
        release(guard, token, release_id=same)
    assert [(act[0], act[1], act[3]) for act in barriers.acts] == [("open", "main-in", "slip 1")]


def test_the_bar_counts_the_slips_that_are_expected(guard: Browser, token: str) -> None:
    """Up when one is issued, down when its goods have left; the page fetches it after each commit."""
    assert 'data-live="record" data-src="/post/main/status"' in guard.see("/post/main")
    before = guard.see("/post/main/status")
    release(guard, token)
    assert guard.see("/post/main/status") != before


def test_another_car_needs_a_reason(guard: Browser, token: str) -> None:
    """Amber; what was ticked is kept."""
    page = release(guard, token, plate="粤A99999")
    assert code_of(page) == "PLATE_MISMATCH"
    assert 'value="粤A99999"' in page
    assert code_of(release(guard, token, plate="粤A99999", override="the mover's second van")) == "RELEASED"


def test_fewer_goods_than_written_are_not_released(guard: Browser, token: str) -> None:
    """R-SLIP-8: the list or nothing, unless the slip says several trips."""
    assert code_of(release(guard, token, **{"qty-2": "1"})) == "LIST_MISMATCH"


def test_a_line_nobody_ticked_does_not_leave(guard: Browser, token: str) -> None:
    """Nothing is ticked for the guard, and what is ticked is kept through an answer that asks for more."""
    page = scan(guard, token)
    assert page.count("data-tick ") == 2
    assert "checked" not in page
    form: dict[str, Any] = {"text": token, "release_id": secrets.token_hex(16), "qty-1": "1", "qty-2": "2"}
    form["plate"] = "粤B12345"
    page = guard.submit("/post/main/release", **form | {"seen-2": "1"})
    assert code_of(page) == "LIST_MISMATCH"
    assert re.search(r'name="seen-2"[^>]* checked', page)
    assert not re.search(r'name="seen-1"[^>]* checked', page)
    assert code_of(guard.submit("/post/main/release", **form)) == "LIST_MISMATCH"


def test_part_of_the_goods_only_where_the_slip_allows_several_trips(guard: Browser, token: str) -> None:
    """Without it there is nothing to count down: each line is ticked as it is written."""
    page = scan(guard, token)
    assert "data-step" not in page
    assert page.count("required") >= 2


def test_a_refusal_asks_why_and_is_kept(guard: Browser, token: str) -> None:
    """Big buttons; then the word changes, and the slip stays good."""
    form: dict[str, Any] = {"text": token, "release_id": secrets.token_hex(16)}
    page = guard.submit("/post/main/refuse", **form)
    assert "Why is it refused?" in page
    page = guard.submit("/post/main/refuse", **form, reason="The goods differ from the list")
    assert code_of(page) == "REFUSED"
    assert code_of(scan(guard, token)) == "OK"


def test_a_number_is_typed_when_the_code_cannot_be_read(guard: Browser, token: str) -> None:
    """The book stands in for the signature."""
    assert token
    assert code_of(scan(guard, "1")) == "OK"
    assert code_of(scan(guard, "999")) == "UNKNOWN_SLIP"


@pytest.mark.parametrize("text", ["hello", "<img src=x onerror=alert(1)>", "https://evil.example/" + "x" * 1900, ""])
def test_hostile_codes_are_text(guard: Browser, text: str) -> None:
    """Grey, and never markup."""
    page = scan(guard, text)
    assert 'class="verdict grey"' in page
    assert "<img" not in page


def test_a_forged_slip_is_red(guard: Browser, token: str) -> None:
    """Unreadable and forged are told apart."""
    assert code_of(scan(guard, token[:-4])) == "UNREADABLE"


def test_a_guard_works_at_the_own_post_only(guard: Browser) -> None:
    """Another post's page is not theirs."""
    assert "You are signed in for another post." in guard.see("/post/north", 403)


def test_the_desk_may_look_but_not_release(clerk: Browser, token: str) -> None:
    """Issuer and releaser are two people."""
    page = clerk.submit("/post/main/verify", text=token)
    assert code_of(page) == "OK"
    assert 'action="/post/main/release"' not in page
    clerk.submit("/post/main/release", 403, text=token)


def test_no_personal_data_stands_on_the_screen(guard: Browser, token: str) -> None:
    """Unit and plate, no name and no phone."""
    page = scan(guard, token)
    assert "李娜" not in page
    assert "1380000" not in page


def test_a_script_gets_the_stage_alone(guard: Browser, token: str) -> None:
    """What fills the screen, without the frame around it."""
    data = {"csrf": guard.client.headers["X-CSRF-Token"], "text": token}
    answer = guard.client.post("/post/main/verify", data=data, headers={"X-Partial": "1"})
    assert answer.text.lstrip().startswith("<section")
