"""A household changes at the desk: handover, moving in, consent, moving out."""

from typing import Any

from starlette.testclient import TestClient

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
