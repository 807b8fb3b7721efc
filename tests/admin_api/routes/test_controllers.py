"""Controllers over HTTP: set up, enrolled once, told to read their lists again."""

import dataclasses

from starlette.testclient import TestClient

from admin_api.app import create_app
from gateway.ports import CommandResult
from gateway.runtime.house import House
from gateway.signing.keys import PublicKey
from tests.admin_api.compound import created, done
from tests.admin_api.house import FakeCommands

SOUTH = {
    "id": "south",
    "name": "南门",
    "portals": [{"id": "south-in", "name": "南门入口", "direction": "in", "lists": ["gardens"]}],
}


def test_a_controller_comes_with_its_portals(admin: TestClient) -> None:
    """All or none: a portal that cannot be takes the controller with it."""
    bad = {**SOUTH, "portals": [*SOUTH["portals"], {**SOUTH["portals"][0], "id": "south-2", "lists": ["nowhere"]}]}  # type: ignore[dict-item]  # the literal above
    answer = admin.post("/api/v1/controllers", json=bad)
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"lists"})
    assert admin.get("/api/v1/controllers/south").status_code == 404
    made = created(admin, "/controllers", SOUTH)
    assert (made["enrolled_at"], made["report"]) == (None, None)
    assert admin.get("/api/v1/portals/south-in").json()["controller"] == "south"


def test_the_provisioning_file_has_all_a_controller_needs(admin: TestClient, house: House) -> None:
    """The JSON of sync/PROTOCOL.md, with credentials made anew each time."""
    first = done(admin, "/controllers/north/enrol")
    assert first.keys() == {"site", "controller", "topics_root", "broker", "public_keys", "list_key"}
    assert (first["site"], first["controller"], first["topics_root"]) == ("lake", "north", "gatehouse/v1/lake")
    broker = first["broker"]
    assert broker.keys() == {"host", "port", "username", "password", "tls"}
    assert (broker["host"], broker["port"], broker["username"], broker["tls"]) == ("127.0.0.1", 1883, "north", None)
    key = first["public_keys"][0]
    assert PublicKey(bytes.fromhex(key["key"])) == house.keys.signing.public
    assert bytes.fromhex(key["kid"]) == house.keys.signing.kid
    assert len(bytes.fromhex(first["list_key"])) == 32
    assert done(admin, "/controllers/north/enrol")["broker"]["password"] != broker["password"]
    assert admin.get("/api/v1/controllers/north").json()["enrolled_at"] is not None


def test_the_file_leaves_no_trace_in_the_record(admin: TestClient) -> None:
    """That someone enrolled stands there; the secrets do not."""
    file = done(admin, "/controllers/north/enrol")
    record = admin.get("/api/v1/events", params={"target": "controller:north"}).text
    assert "site.controller_enrolled" in record
    assert file["broker"]["password"] not in record
    assert file["list_key"] not in record


def test_a_controller_is_told_to_read_its_lists_again(admin: TestClient, house: House) -> None:
    """Unless it does not answer."""
    assert isinstance(house.commands, FakeCommands)
    assert done(admin, "/controllers/north/resync") == {"controller": "north", "result": "done"}
    assert house.commands.sent[0][:3] == ("north", "resync", None)
    house.commands.result = CommandResult.UNDELIVERED
    assert admin.post("/api/v1/controllers/north/resync").status_code == 503
    assert admin.post("/api/v1/controllers/nowhere/resync").status_code == 404


def test_a_house_without_a_broker_enrols_nobody(house: House, admin: TestClient) -> None:
    """And says so in a sentence."""
    lonely = dataclasses.replace(house, broker_address=None, commands=None, fleet=None)
    client = TestClient(create_app(lonely), base_url="https://testserver", headers=dict(admin.headers))
    for path in ("enrol", "resync"):
        answer = client.post(f"/api/v1/controllers/north/{path}")
        assert answer.status_code == 503
        assert "broker" in answer.json()["detail"]


def test_a_mistyped_controller_is_taken_back(admin: TestClient, house: House) -> None:
    """With its portals; what a guard post or a wire needs stays."""
    portal = {"id": "noth-in", "name": "x", "direction": "in", "lists": ["gardens"]}
    created(admin, "/controllers", {"id": "noth", "name": "x", "portals": [portal]})
    assert admin.delete("/api/v1/controllers/noth").json()["id"] == "noth"
    for gone in ("controllers/noth", "portals/noth-in"):
        assert admin.get(f"/api/v1/{gone}").status_code == 404
        assert admin.delete(f"/api/v1/{gone}").status_code == 404
    assert house.portals.wired() == {"main-in"}
    assert [admin.delete(f"/api/v1/{kept}").status_code for kept in ("controllers/north", "portals/main-in")] == [
        409
    ] * 2
    assert admin.delete("/api/v1/portals/main-out").json()["id"] == "main-out"
