"""What a client of the encoders sends and is told."""

from typing import Any

from starlette.testclient import TestClient


def refused(client: TestClient, path: str, body: dict[str, Any], status: int = 409) -> dict[str, Any]:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


def row(**more: Any) -> dict[str, Any]:
    """Of a batch: 李娜 of 3-1-502, changed as told."""
    return {"unit": "3-1-502", "person": "李娜", "proof": "owner_file", "receipt": "R-1", **more}
