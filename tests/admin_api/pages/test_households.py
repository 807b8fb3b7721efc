"""A household changes at the desk: handover, moving in, consent, moving out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.runtime.house import House
from tests.admin_api.compound import Home, card, created
from tests.admin_api.pages.conftest import Browser


def test_a_unit_is_handed_over_once(clerk: Browser, admin: TestClient) -> None:
    """On a day that has come."""
    unit = created(admin, "/units", {"code": "1-1-101"})["id"]
    assert "not handed over yet" in clerk.see(f"/desk/units/{unit}")
    assert "A handover is recorded when it happened." in clerk.submit(
        f"/desk/units/{unit}/handover", 422, on="2030-01-01"
    )
    assert "handed over" in clerk.submit(f"/desk/units/{unit}/handover", on="2025-10-01")
    assert "was handed over on" in clerk.submit(f"/desk/units/{unit}/handover", 422, on="2025-10-02")


def test_a_tenant_needs_a_lease_with_an_end(clerk: Browser, place: Home) -> None:
    """Everything typed comes back with the rule."""
    form: dict[str, Any] = {"name": "王芳", "relation": "tenant", "proof": "lease", "lease_end": ""}
    page = clerk.submit(f"/desk/units/{place.unit}/people", 422, **form)
    assert "R-CARD-4" in page
    assert 'value="王芳"' in page
    page = clerk.submit(f"/desk/units/{place.unit}/people", **{**form, "lease_end": "2026-05-31"})
    assert "王芳" in page
    assert "May 31, 2026" in page
    assert "Ask a present owner to agree to 王芳." in page


def test_an_owner_agrees_later(clerk: Browser, place: Home) -> None:
    """The due line leads to the consent, and is gone afterwards."""
    form: dict[str, Any] = {"name": "周姨", "relation": "helper", "proof": "letter"}
    page = clerk.submit(f"/desk/units/{place.unit}/people", **form)
    occupant = page.split("/desk/occupants/")[1].split("/consent")[0]
    page = clerk.submit(
        f"/desk/occupants/{occupant}/consent", consent_by=str(place.owner), consent_method="phone_to_owner"
    )
    assert "Ask a present owner" not in page


def test_nobody_agreed_is_said(clerk: Browser, place: Home) -> None:
    """No consent without an owner."""
    page = clerk.submit(f"/desk/units/{place.unit}/people", name="周姨", relation="helper", proof="letter")
    occupant = page.split("/desk/occupants/")[1].split("/consent")[0]
    assert "Say which owner agreed." in clerk.submit(f"/desk/occupants/{occupant}/consent", 422, consent_by="")


def test_a_bad_date_or_choice_is_named(clerk: Browser, place: Home) -> None:
    """The field, not a stack trace."""
    page = clerk.submit(f"/desk/units/{place.unit}/handover", 422, on="someday")
    assert "a date such as 2026-05-31" in page
    assert "Say how this person belongs here." in clerk.submit(f"/desk/units/{place.unit}/people", 422, name="x")


def test_moving_out_cancels_the_cards(clerk: Browser, admin: TestClient, place: Home) -> None:
    """R-CARD-19: asked by name, with a reason."""
    card_id = card(admin, place)["id"]
    page = clerk.see(f"/desk/units/{place.unit}")
    occupant = page.split("/desk/occupants/")[1].split("/end")[0]
    assert "李娜 moves out of 3-1-502?" in clerk.see(f"/desk/occupants/{occupant}/end")
    clerk.submit(f"/desk/occupants/{occupant}/end", reason="sold")
    assert "cancelled" in clerk.see(f"/desk/cards/{card_id}")


def test_a_sale_says_in_advance_what_will_end(clerk: Browser, admin: TestClient, place: Home) -> None:
    """Owners and their cards; a tenant's lease goes on. Then it happens as it was said (R-CARD-19)."""
    mine = card(admin, place)
    tenant: dict[str, Any] = {"name": "王芳", "relation": "tenant", "proof": "lease", "lease_end": "2026-05-31"}
    clerk.submit(f"/desk/units/{place.unit}/people", **tenant)
    page = clerk.see(f"/desk/units/{place.unit}/sale")
    assert "Was 3-1-502 sold?" in page
    ends = page.split("What will end")[1].split("<form")[0]
    assert "1 person loses the right to live here:" in ends
    assert "李娜" in ends
    assert "1 card is cancelled at every gate" in ends
    assert mine["number"] in ends
    assert "The lease of 王芳 goes on" in ends
    page = clerk.submit(f"/desk/units/{place.unit}/sale", name="赵敏", phone="13900001111", proof="owner_file")
    assert "赵敏" in page
    assert "李娜" not in page
    assert "Ask a present owner to agree to 王芳." in page
    assert "cancelled" in clerk.see(f"/desk/cards/{mine['id']}")


def test_a_sale_without_a_buyer_changes_nothing(clerk: Browser, place: Home) -> None:
    """The form comes back with what is wrong; nobody lost anything."""
    page = clerk.submit(f"/desk/units/{place.unit}/sale", 422, name="", proof="owner_file")
    assert "1 to 80 characters" in page
    assert "Say what proved the sale." in clerk.submit(f"/desk/units/{place.unit}/sale", 422, name="赵敏", proof="x")
    page = clerk.submit(f"/desk/units/{place.unit}/sale", 422, owner="999", proof="owner_file")
    assert "Say who owns the unit now." in page
    assert "李娜" in clerk.see(f"/desk/units/{place.unit}")


def test_someone_of_the_household_buys_it(clerk: Browser, place: Home) -> None:
    """Chosen from the list: nobody is put on file twice."""
    tenant: dict[str, Any] = {"name": "王芳", "relation": "tenant", "proof": "lease", "lease_end": "2026-05-31"}
    page = clerk.submit(f"/desk/units/{place.unit}/people", **tenant)
    buyer = re.findall(r"\?person=(\d+)\">王芳", page)[0]
    page = clerk.submit(f"/desk/units/{place.unit}/sale", owner=buyer, proof="application")
    assert re.search(rf"\?person={buyer}\">王芳</a>\s*<span class=\"small muted\">owner", page)


def test_only_the_desk_sells(as_role: Callable[[Role], Browser], place: Home) -> None:
    """An auditor looks; a guard does not even look."""
    auditor = as_role(Role.AUDITOR)
    assert "/sale" not in auditor.see(f"/desk/units/{place.unit}")
    auditor.see(f"/desk/units/{place.unit}/sale", 403)
    auditor.submit(f"/desk/units/{place.unit}/sale", 403, name="x", proof="owner_file")


def test_a_card_is_renewed_from_its_due_line(clerk: Browser, admin: TestClient, house: House, place: Home) -> None:
    """A receipt, as for a new card; its new end counts from today (R-CARD-3)."""
    until = int(house.clock.wall()) + 5 * 86400
    mine = card(admin, place, valid_until=datetime.fromtimestamp(until, UTC).isoformat())
    page = clerk.see(f"/desk/units/{place.unit}")
    assert "Renew it." in page
    assert f"/desk/cards/{mine['id']}/renew" in page
    page = clerk.submit(f"/desk/cards/{mine['id']}/renew", 422, receipt="")
    assert "R-CARD-10" in page
    assert "Waive the fee" not in page
    page = clerk.submit(f"/desk/cards/{mine['id']}/renew", receipt="R-77")
    assert "is changed." in page
    assert "Renew it." not in page
    page = clerk.submit(f"/desk/cards/{mine['id']}/renew", 422, receipt="R-78", valid_until="2099-01-01")
    assert "too late" in page
