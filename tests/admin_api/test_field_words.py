"""A request that is filled in wrongly is told what to enter, in words a person at a desk understands."""

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from admin_api.field_words import words_of
from gateway.domain.person import Role
from tests.admin_api.compound import UID, card, created, home
from tests.admin_api.conftest import Machine

ISSUE = {"unit_id": 1, "person_id": 1, "uid": UID, "proof": "owner_file"}
DRAFT = {
    "kind": "household",
    "unit_id": 1,
    "applicant": "x",
    "post": "main",
    "items": [{"line": 1, "name": "x", "qty": 1}],
}


@pytest.mark.parametrize(
    ("path", "body", "field", "words"),
    [
        ("/cards/issue", {}, "uid", "missing"),
        ("/cards/issue", {**ISSUE, "uid": "zz"}, "uid", "hexadecimal digits, such as 04A1B2C3D4E5F6"),
        ("/cards/issue", {**ISSUE, "unit_id": "1"}, "unit_id", "a whole number"),
        ("/cards/issue", {**ISSUE, "unit_id": 0}, "unit_id", "at least 1"),
        ("/cards/issue", {**ISSUE, "proof": "x"}, "proof", "one of: owner_file, phone_to_owner, lease, letter, a"),
        ("/cards/issue", {**ISSUE, "nick": 1}, "nick", "not known here; leave it out"),
        ("/cards/issue", {**ISSUE, "valid_until": "soon"}, "valid_until", "such as 2026-05-31T12:00:00+08:00"),
        ("/cards/issue", {**ISSUE, "valid_until": "2026-05-31T12:00:00"}, "valid_until", "a time with its offset"),
        ("/cards/issue", {**ISSUE, "waived": "yes"}, "waived", "true or false"),
        ("/units", {"code": "??"}, "code", "building-unit-room, such as 3-1-502"),
        ("/people", {"name": " "}, "name", "empty"),
        ("/people", {"name": "x" * 81}, "name", "at most 80 characters"),
        ("/people", {"name": "a\nb"}, "name", "no control characters"),
        ("/slips", {**DRAFT, "items": []}, "items", "at least 1 of them"),
        ("/slips", {**DRAFT, "items": {}}, "items", "a list"),
        ("/me/language", {"language": "fr"}, "language", "one of: zh-Hans, zh-Hant, en"),
    ],
)  # fmt: skip
def test_a_bad_field_is_told_what_to_enter(
    admin: TestClient, path: str, body: dict[str, Any], field: str, words: str
) -> None:
    """And the sentence names the field."""
    answer = admin.request("PUT" if path.startswith("/me") else "POST", f"/api/v1{path}", json=body).json()
    assert answer["status"] == 400
    assert words in answer["fields"][field]
    assert field in answer["detail"]


def test_every_pattern_of_the_api_has_words(app: FastAPI) -> None:
    """None is shown to a person as it stands."""
    patterns = {
        json.loads(f'"{text}"') for text in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(app.openapi()))
    }
    assert len(patterns) > 10
    for pattern in patterns:
        assert not set(words_of(pattern)) & set("^$[]{}|\\"), pattern


def test_a_card_that_is_taken_names_who_has_it_since_when(admin: TestClient) -> None:
    """R-CARD-12: the clerk can go and look."""
    place = home(admin)
    card(admin, place)
    body = {**ISSUE, "unit_id": place.unit, "person_id": place.owner, "receipt": "R-2"}
    answer = admin.post("/api/v1/cards/issue", json=body)
    assert (answer.status_code, answer.json()["rule"]) == (409, "R-CARD-12")
    for part in ("0001", "李娜", "3-1-502", "2025-10-09"):
        assert part in answer.json()["detail"]


def test_a_unit_before_its_handover_is_named(admin: TestClient) -> None:
    """R-CARD-1, and what to do first."""
    place = home(admin)
    unit = created(admin, "/units", {"code": "3-1-503"})["id"]
    body = {**ISSUE, "unit_id": unit, "person_id": place.owner, "receipt": "R-2"}
    answer = admin.post("/api/v1/cards/issue", json=body)
    assert (answer.status_code, answer.json()["rule"]) == (422, "R-CARD-1")
    assert answer.json()["detail"].startswith("3-1-503 has not been handed over yet. Record the handover first")


def test_who_may_not_is_told_who_may(machine: Machine) -> None:
    """So that the right person can be asked."""
    detail = machine(Role.GUARD).post("/api/v1/units", json={"code": "3-1-503"}).json()["detail"]
    assert detail.startswith("Your role does not allow this. Ask someone who may: ")
    assert "manager" in detail


def test_what_cannot_be_done_to_a_card_is_said_in_words(admin: TestClient) -> None:
    """R-CARD-27: its number, how it stands, and what it cannot be."""
    made = card(admin, home(admin))
    answer = admin.post(f"/api/v1/cards/{made['id']}/unfreeze", json={"reason": "found"})
    assert answer.json()["detail"] == "Card 0001 is active; it cannot be unfrozen."


@pytest.mark.parametrize(
    ("text", "place"), [('{"a": nonsense}', "line 1, column 7"), ('{\n  "a": 1,\n}', "line 3, column 1")]
)
def test_a_body_that_is_not_json_is_told_where(machine: Machine, text: str, place: str) -> None:
    """No field is at fault, so none is named."""
    answer = machine(Role.ADMIN).post("/api/v1/people", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"The body is not JSON ({place})."
    assert "fields" not in answer.json()


@pytest.mark.parametrize("day", ["20260230", "2026-02-30", "tomorrow", "99999999999999999999"])
def test_a_day_that_is_none_is_told_what_one_looks_like(machine: Machine, day: str) -> None:
    """Whatever the number was taken for."""
    answer = machine(Role.ADMIN).put(f"/api/v1/holidays/{day}")
    assert (answer.status_code, answer.json()["fields"]) == (400, {"day": "a date, such as 2026-05-31"})
