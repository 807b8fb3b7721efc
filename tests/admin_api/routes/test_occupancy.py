"""Households over HTTP: who belongs where, and what follows when they leave."""

from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.runtime.house import House
from tests.admin_api.compound import card, created, done, home
from tests.admin_api.conftest import Machine


def test_a_sold_flat_closes_behind_the_old_household(admin: TestClient, house: House) -> None:
    """Cards end with the basis, at once and by themselves (R-CARD-19)."""
    place = home(admin)
    made = card(admin, place)
    buyer = created(admin, "/people", {"name": "王芳"})["id"]
    done(admin, f"/units/{place.unit}/transfer", {"new_owners": [buyer], "proof": "owner_file"})
    assert admin.get(f"/api/v1/cards/{made['id']}").json()["state"] == "cancelled"
    assert len(house.keeper.lists()["gardens"]) == 0
    sheet = admin.get(f"/api/v1/units/{place.unit}/household").json()
    assert [(o["name"], o["relation"]) for o in sheet["occupants"]] == [("王芳", "owner")]


def test_a_tenant_waits_for_the_owner_and_ends_with_the_lease(admin: TestClient) -> None:
    """Consent begins the rights, the end of the lease bounds them."""
    place = home(admin)
    tenant = created(admin, "/people", {"name": "汤姆"})["id"]
    body = {"person_id": tenant, "relation": "tenant", "proof": "lease"}
    address = f"/units/{place.unit}/occupants"
    answer = admin.post(f"/api/v1{address}", json=body)
    assert (answer.status_code, answer.json()["rule"]) == (422, "R-CARD-4")
    made = created(admin, address, {**body, "valid_until": "2026-06-01T00:00:00+08:00"})
    assert made["consent"] is None
    assert admin.get("/api/v1/entitlements", params={"holder": tenant}).json()["items"] == []
    agreed = {"by": place.owner, "method": "phone_to_owner", "at": "2025-10-09T12:00:00+08:00"}
    done(admin, f"/occupants/{made['id']}/consent", agreed)
    right = admin.get("/api/v1/entitlements", params={"holder": tenant}).json()["items"][0]
    assert (right["basis"], right["terms"]["valid_until"]) == ("tenancy", "2026-05-31T16:00:00Z")


def test_someone_who_moved_out_keeps_no_card(admin: TestClient) -> None:
    """And is no longer on the sheet."""
    place = home(admin)
    made = card(admin, place)
    occupant = admin.get(f"/api/v1/units/{place.unit}/occupants").json()["items"][0]["id"]
    assert done(admin, f"/occupants/{occupant}/end", {"reason": "moved away"})["ended_at"] is not None
    assert admin.get(f"/api/v1/cards/{made['id']}").json()["state"] == "cancelled"
    assert admin.get(f"/api/v1/units/{place.unit}/occupants").json()["items"] == []


def test_the_auditor_sees_phones_masked(admin: TestClient, machine: Machine) -> None:
    """Four digits tell two people apart; more is nobody's business."""
    place = home(admin)
    auditor = machine(Role.AUDITOR)
    assert auditor.get(f"/api/v1/people/{place.owner}").json()["phone"] == "•••1234"
    sheet = auditor.get(f"/api/v1/units/{place.unit}/household").json()
    assert sheet["occupants"][0]["phone"] == "•••1234"
    assert admin.get(f"/api/v1/people/{place.owner}").json()["phone"] == "13800001234"


def test_one_field_finds_a_household(admin: TestClient) -> None:
    """By unit, name, phone tail and card number."""
    place = home(admin)
    made = card(admin, place)
    for text, kind in (("3-1", "unit"), ("李", "person"), ("1234", "phone"), (made["number"], "card")):
        hits = admin.get("/api/v1/search", params={"text": text}).json()["items"]
        assert (kind, place.unit) in {(hit["kind"], hit["unit_id"]) for hit in hits}


def test_a_unit_is_handed_over_once(admin: TestClient) -> None:
    """The second time names the day of the first."""
    place = home(admin)
    answer = admin.post(f"/api/v1/units/{place.unit}/handover", json={})
    assert answer.status_code == 409
    assert "2025-10-09" in answer.json()["detail"]


def test_arrears_are_advice(admin: TestClient, house: House, machine: Machine) -> None:
    """Finance says so; no door closes (R-CARD-25)."""
    place = home(admin)
    card(admin, place)
    answer = machine(Role.FINANCE).put(f"/api/v1/units/{place.unit}/arrears", json={"arrears": True})
    assert answer.json()["arrears"] is True
    assert len(house.keeper.lists()["gardens"]) == 1
    due = admin.get(f"/api/v1/units/{place.unit}/household").json()["due"]
    assert any("Fees are open" in item["sentence"] for item in due)
