"""A household to work with, made through the API itself."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

UID = "04A1B2C3D4E5F6"


def created(client: TestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Posts and expects 201."""
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def done(client: TestClient, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Posts and expects 200."""
    answer = client.post(f"/api/v1{path}", json=body) if body is not None else client.post(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@dataclass(frozen=True)
class Home:
    """A unit and its owner."""

    unit: int
    owner: int


def home(client: TestClient, code: str = "3-1-502", name: str = "李娜") -> Home:
    """A unit that was handed over to an owner."""
    unit = created(client, "/units", {"code": code})["id"]
    owner = created(client, "/people", {"name": name, "phone": "13800001234"})["id"]
    created(client, f"/units/{unit}/occupants", {"person_id": owner, "relation": "owner", "proof": "owner_file"})
    done(client, f"/units/{unit}/handover", {})
    return Home(unit, owner)


def card(client: TestClient, place: Home, uid: str = UID, **more: Any) -> dict[str, Any]:
    """A card for the owner, paid for."""
    body = {"unit_id": place.unit, "person_id": place.owner, "uid": uid, "proof": "owner_file", "receipt": "R-1"}
    return created(client, "/cards/issue", {**body, **more})


def slip(client: TestClient, place: Home, **more: Any) -> dict[str, Any]:
    """An issued slip for a refrigerator and two chairs, to leave by the main post."""
    items = [{"line": 1, "name": "冰箱", "qty": 1, "unit": "台"}, {"line": 2, "name": "椅子", "qty": 2, "unit": "把"}]
    consent = {"method": "signed_at_desk", "by": "李娜", "identity_checked": True}
    form = {"kind": "household", "unit_id": place.unit, "applicant": "李娜", "items": items, "post": "main"}
    return created(client, "/slips/issue", {**form, "consent": consent, **more})
