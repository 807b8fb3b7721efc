"""A handover day over HTTP: all rows or none, followed at an encoder, closed in the evening."""

import pytest
from starlette.testclient import TestClient

from gateway.runtime.house import House
from tests.admin_api.compound import Home, created, done, home
from tests.admin_api.encoding import desk_of
from tests.admin_api.routes.encoder_talk import refused, row


@pytest.fixture
def place(admin: TestClient) -> Home:
    return home(admin)


def test_each_bad_row_of_a_batch_has_its_own_sentence(admin: TestClient, place: Home) -> None:
    """All rows or none."""
    assert place.unit
    rows = [row(), row(person="王芳"), row(receipt=None), row(unit="9-9-999")]
    problem = refused(admin, "/encode-batches", {"name": "Building 3", "rows": rows}, 400)
    assert problem["fields"].keys() == {"rows.1", "rows.2", "rows.3"}
    assert "王芳" in problem["fields"]["rows.1"]
    assert "9-9-999" in problem["fields"]["rows.3"]
    assert admin.get("/api/v1/encode-batches?all=true").json()["items"] == []


def test_a_batch_has_at_most_500_rows_and_they_fit_into_one_body(admin: TestClient, place: Home) -> None:
    """501 are malformed; 500 with everything that can be said of them are looked at row by row."""
    assert place.unit
    full = [row(number=f"N{n}", receipt=f"R-2026-{n}", valid_until="2026-08-01T00:00:00+08:00") for n in range(501)]
    over = refused(admin, "/encode-batches", {"name": "Building 3", "rows": full}, 400)
    assert over["fields"].keys() == {"rows"}
    problem = refused(admin, "/encode-batches", {"name": "Building 3", "rows": full[:500]}, 400)
    assert "rows cannot be issued" in problem["detail"]
    assert all("R-CARD-8" in words or "cards" in words for words in problem["fields"].values())


def test_a_batch_is_followed_at_an_encoder_until_it_is_over(admin: TestClient, house: House, place: Home) -> None:
    """Prepared, followed, left, closed; each repeat of a request changes nothing."""
    assert place.unit
    batch = created(admin, "/encode-batches", {"name": "Building 3", "rows": [row(), row(number="0007")]})
    path = f"/encode-batches/{batch['id']}"
    key = {"Idempotency-Key": "follow-1"}
    for _time in range(2):
        answer = admin.post(f"/api/v1{path}/follow", json={"encoder": "desk"}, headers=key)
        assert answer.json()["batch"] == batch["id"]
    assert [act[:3] for act in desk_of(house).acts] == [("follow", "desk", batch["id"])]
    assert admin.get("/api/v1/encoders").json()["items"][0]["batch"] == batch["id"]
    assert done(admin, "/encoders/desk/unfollow")["batch"] is None
    rows = admin.get(f"/api/v1{path}").json()["jobs"]
    assert [(one["position"], one["holder"], one["card"]) for one in rows] == [(0, "李娜", None), (1, "李娜", "0007")]
    assert done(admin, f"/encode-jobs/{rows[0]['id']}/skip")["position"] == 2
    seen = admin.get(f"/api/v1{path}").headers["etag"]
    assert admin.post(f"/api/v1{path}/close", headers={"If-Match": '"old"'}).status_code == 412
    closed = admin.post(f"/api/v1{path}/close", headers={"If-Match": seen}).json()
    assert (closed["counts"], closed["issued"], closed["closed_at"] is None) == ({"cancelled": 2}, 0, False)
    assert "over" in refused(admin, f"{path}/follow", {"encoder": "desk"})["detail"]


def test_batches_are_walked_by_a_cursor(admin: TestClient, place: Home) -> None:
    """Open ones, or all."""
    assert place.unit
    ids = {created(admin, "/encode-batches", {"name": f"Day {n}", "rows": [row()]})["id"] for n in range(3)}
    closed = next(iter(ids))
    done(admin, f"/encode-batches/{closed}/close")
    first = admin.get("/api/v1/encode-batches?all=true&limit=2").json()
    rest = admin.get(f"/api/v1/encode-batches?all=true&limit=2&after={first['next']}").json()
    assert ({one["id"] for one in first["items"] + rest["items"]}, rest["next"]) == (ids, None)
    assert {one["id"] for one in admin.get("/api/v1/encode-batches").json()["items"]} == ids - {closed}


@pytest.mark.parametrize("act", ["follow", "close"])
def test_a_batch_or_encoder_nobody_knows_is_not_there(admin: TestClient, place: Home, act: str) -> None:
    """404 with its name."""
    assert place.unit
    body = {"encoder": "desk"} if act == "follow" else {}
    refused(admin, f"/encode-batches/{'0' * 32}/{act}", body, 404)
    assert admin.get(f"/api/v1/encode-batches/{'0' * 32}").status_code == 404
    batch = created(admin, "/encode-batches", {"name": "Building 3", "rows": [row()]})
    assert "attic" in refused(admin, f"/encode-batches/{batch['id']}/follow", {"encoder": "attic"}, 404)["detail"]
