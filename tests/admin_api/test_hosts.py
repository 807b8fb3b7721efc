"""A gateway answers to its own names and addresses alone."""

import pytest
from starlette.testclient import TestClient

from admin_api.app import create_app
from gateway.runtime.house import House

NAMES = ("localhost", "Gate.lan")


@pytest.fixture
def client(house: House) -> TestClient:
    return TestClient(create_app(house, NAMES), raise_server_exceptions=False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "gate.lan",
        "GATE.LAN.",
        "gate.lan.:80",
        "127.0.0.1:8080",
        "192.0.2.7",
        "[::1]:8080",
    ],
)
def test_own_names_and_any_address_are_answered(client: TestClient, host: str) -> None:
    """With and without a port, as people write them; an address cannot be rebound."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "gate", "[x]"]
)
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/me", "/desk", "/nothing"])
def test_a_name_of_somebody_else_is_misdirected(client: TestClient, host: str, path: str) -> None:
    """421 as a problem, before anything is looked at, with the way for who runs the gateway."""
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
    assert "hosts in [http]" in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_names_every_name_is_answered(house: House) -> None:
    """For who serves the application in another way."""
    assert TestClient(create_app(house)).get("/healthz", headers={"Host": "evil.example"}).status_code == 200
