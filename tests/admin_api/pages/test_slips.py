"""A release slip is written, agreed to, reviewed, issued, printed and voided at the desk."""

from collections.abc import Callable
from typing import Any

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
