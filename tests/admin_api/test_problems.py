"""Every error comes as a problem; the inside stays inside."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from gateway.domain.errors import (
    ConflictError,
    GatehouseError,
    NotFoundError,
    RuleViolationError,
    StoreFullError,
    TooManyError,
)
from gateway.services import site


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_args: Any) -> None:
        raise error

    monkeypatch.setattr(site, "describe", fail)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("Gone."), 404),
        (ConflictError("Taken."), 409),
        (RuleViolationError("R-CARD-1", "No."), 422),
        (TooManyError("Wait.", retry_after_s=7), 429),
        (StoreFullError("Full."), 507),
    ],
)
def test_each_error_has_its_status(
    admin: TestClient, monkeypatch: pytest.MonkeyPatch, error: GatehouseError, status: int
) -> None:
    """And its own sentence."""
    failing(monkeypatch, error)
    answer = admin.get("/api/v1/site")
    assert (answer.status_code, answer.json()["detail"]) == (status, str(error))
    assert answer.json()["type"].startswith("urn:gatehouse:problem:")


def test_a_rule_names_itself(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a page can say more about it."""
    failing(monkeypatch, RuleViolationError("R-CARD-25", "Arrears are no reason.", fields={"reason": "not this one"}))
    problem = admin.get("/api/v1/site").json()
    assert (problem["rule"], problem["fields"]) == ("R-CARD-25", {"reason": "not this one"})


@pytest.mark.parametrize("error", [ZeroDivisionError("secret detail"), GatehouseError("An error nobody placed.")])
def test_a_fault_of_ours_tells_its_number_only(
    admin: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """No stack trace, no message; the security headers come along, and the id leads into the log."""
    failing(monkeypatch, error)
    with capture_logs() as log:
        answer = admin.get("/api/v1/site", headers={"X-Request-Id": "r-1"})
    assert [(line["request_id"], line["exc_info"]) for line in log] == [("r-1", error)]
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert (answer.json()["request_id"], answer.headers["x-request-id"]) == ("r-1", "r-1")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_two_changes_of_one_thing_at_once_are_a_conflict(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own last word."""
    failing(monkeypatch, IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed: units.code")))
    answer = admin.get("/api/v1/site")
    assert answer.status_code == 409
    assert "units.code" not in answer.text


def test_a_conflict_may_name_its_rule(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a UID that someone holds."""
    failing(monkeypatch, ConflictError("Card %(number)s is taken.", number="0417", rule="R-CARD-12"))
    problem = admin.get("/api/v1/site").json()
    assert (problem["rule"], problem["detail"]) == ("R-CARD-12", "Card 0417 is taken.")
