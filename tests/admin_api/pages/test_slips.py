"""A release slip is written, agreed to, reviewed, issued, printed and voided at the desk."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.domain.person import Role
from tests.admin_api.compound import Home
from tests.admin_api.pages.conftest import Browser

GOODS = {"item": ["冰箱", "椅子", ""], "qty": ["1", "2", ""], "unit": ["台", "把", "pcs"]}
AGREED: dict[str, Any] = {"method": "0", "by": "李娜", "identity_checked": "1"}


def write(browser: Browser, place: Home, status: int = 200, **more: Any) -> str:
    form = {"kind": "household", "applicant": "李娜", "post": "main", **GOODS, **more}
    return browser.submit(f"/desk/units/{place.unit}/slips", status, **form)


def test_an_owner_in_person_leaves_with_the_slip(clerk: Browser, place: Home) -> None:
    """Written, agreed and issued at once; the print carries QR and list."""
    page = write(clerk, place, **AGREED)
    assert "Release slip 1" in page
    assert "data:image/svg+xml" in page
    paper = clerk.see("/desk/slips/1/print")
    assert "冰箱" in paper
    assert "data:image/svg+xml" in paper


def modules_of(page: str) -> int:
    """How wide the QR of a page is, with its quiet zone."""
    found = re.search(r"viewBox=.0 0 (\d+) ", unquote(html.unescape(page)))
    assert found is not None, page
    return int(found[1])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Release slip", "Leaves through", "Good once.")),
        ("zh-Hans", ("物品放行条", "放行门岗")),
        ("zh-Hant", ("物品放行條", "放行門崗")),
    ],
)
def test_the_paper_says_all_in_the_language_of_its_reader(
    clerk: Browser, place: Home, language: str, words: tuple[str, ...]
) -> None:
    """What someone typed stays text; the same four characters as on the guard's screen stand on it."""
    write(clerk, place, applicant="<script>alert(1)</script>", plate="粤B12345", **AGREED)
    clerk.submit("/language", language=language, back="/settings")
    paper = clerk.see("/desk/slips/1/print")
    assert "alert(1)" not in paper
    tail = clerk.client.get("/api/v1/slips/1").json()["digest_tail"]
    for part in (*words, "冰箱", "椅子", "粤B12345", "大门岗", "2025", "23:59", tail):
        assert part in paper


def test_paper_and_screen_have_the_code_that_suits_them(clerk: Browser, place: Home) -> None:
    """Level M and its larger modules on the screen (version 8), level Q on paper that smears (version 10)."""
    screen = write(clerk, place, plate="粤B12345", **AGREED)
    paper = clerk.see("/desk/slips/1/print")
    quiet = 2 * 4
    assert (modules_of(screen) - quiet, modules_of(paper) - quiet) == (49, 57)


def test_an_incomplete_list_comes_back_line_by_line(clerk: Browser, place: Home) -> None:
    """R-SLIP-5, with every line as it was typed."""
    page = write(clerk, place, 422, qty=["", "2", ""], **AGREED)
    assert "R-SLIP-5" in page
    assert 'value="椅子"' in page
    assert page.count('aria-invalid="true"') == 1


def test_a_contractor_s_slip_waits_for_a_second_person(
    clerk: Browser, as_role: Callable[[Role], Browser], place: Home
) -> None:
    """R-SLIP-6: a supervisor reads it, then it is issued."""
    page = write(clerk, place, kind="contractor", **{**AGREED, "method": "2"})
    assert "R-SLIP-6" in page
    assert "R-SLIP-6" in clerk.submit("/desk/slips/1/issue", 422)
    supervisor = as_role(Role.SUPERVISOR)
    assert "I have read it; it is right" in supervisor.see("/desk/slips/1")
    supervisor.submit("/desk/slips/1/review")
    assert "data:image/svg+xml" in supervisor.submit("/desk/slips/1/issue")


def test_a_draft_waits_for_the_owner(clerk: Browser, place: Home) -> None:
    """Asked, then agreed, then issued."""
    assert "draft" in write(clerk, place)
    assert "waiting for the owner" in clerk.submit("/desk/slips/1/ask-owner")
    assert "The owner&#39;s consent is not complete." in clerk.submit("/desk/slips/1/consent", 422, method="0", by="")
    clerk.submit("/desk/slips/1/consent", **AGREED)
    assert "Release slip 1" in clerk.submit("/desk/slips/1/issue")


def test_a_slip_is_voided_with_a_reason(clerk: Browser, place: Home) -> None:
    """Then it cannot be used, and says so."""
    write(clerk, place, **AGREED)
    clerk.submit("/desk/slips/1/void", 422, reason="")
    assert "void" in clerk.submit("/desk/slips/1/void", reason="wrong goods")


def test_an_unknown_step_is_refused(clerk: Browser, place: Home) -> None:
    """There are only the steps of its life."""
    write(clerk, place)
    clerk.submit("/desk/slips/1/shred", 422)
