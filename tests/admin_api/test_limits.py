"""Whatever is thrown at it, the API answers with a problem, in time, and without a trace of its inside."""

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from admin_api.headers import SECURITY_HEADERS
from admin_api.limits import MAX_BODY, MAX_DEPTH, depth_of

GOOD = {"code": "3-1-502"}
JSON = {"Content-Type": "application/json"}

MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "trailing comma": b'{"code": "3-1-502",}',
    "bad UTF-8": b'{"code": "\xff\xfe\xfa"}',
    "half a surrogate": b'{"code": "\\ud800"}',
    "NUL": b'{"code": "3-1-\\u0000"}',
    "a list": b"[]",
    "a number": b"17",
    "null": b"null",
    "NaN": b'{"code": NaN}',
    "a huge integer": b'{"code": ' + b"9" * 5000 + b"}",
    "wrong type": b'{"code": 31502}',
    "unknown field": b'{"code": "3-1-502", "owner": true}',
    "deep": b'{"code": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep and unclosed": b"[" * 60000,
    "UTF-16 and deep": ("[" * 20000).encode("utf-16"),
    "many quotes": b'"\\' * 30000,
    "too many areas": json.dumps({"code": "3-1-502", "areas": ["x"] * 1000}).encode(),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_told_so(admin: TestClient, body: bytes) -> None:
    """Status 400, a problem, and nothing of a stack trace."""
    answer = admin.post("/api/v1/units", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 400
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text


def test_all_bad_fields_are_told_at_once(admin: TestClient) -> None:
    """By their paths, so that a form can show each where it belongs."""
    portal = {"id": "Bad Id", "name": "", "direction": "up", "lists": [], "unlock_ms": "1000"}
    body = {"id": "north-2", "name": "x" * 81, "portals": [portal], "colour": "red"}
    fields = admin.post("/api/v1/controllers", json=body).json()["fields"]
    assert fields.keys() == {
        "name",
        "colour",
        "portals.0.id",
        "portals.0.name",
        "portals.0.direction",
        "portals.0.lists",
        "portals.0.unlock_ms",
    }


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_does_not_say_it_is_json_is_not_taken(admin: TestClient, content_type: str | None) -> None:
    """A form of another site cannot pose as JSON."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert admin.post("/api/v1/units", content=json.dumps(GOOD).encode(), headers=headers).status_code == 400


def test_a_long_body_is_refused_by_its_stated_length(admin: TestClient) -> None:
    """Without reading it."""
    answer = admin.post("/api/v1/units", content=b" " * (MAX_BODY + 1), headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_long_body_is_refused_while_it_streams(admin: TestClient) -> None:
    """A body without a stated length is counted as it comes."""
    answer = admin.post("/api/v1/units", content=(b" " * 4096 for _ in range(64)), headers=JSON)
    assert answer.status_code == 413


def test_a_body_of_the_greatest_length_is_read(admin: TestClient) -> None:
    """The bound itself is allowed."""
    body = json.dumps(GOOD).encode()
    assert admin.post("/api/v1/units", content=body.ljust(MAX_BODY), headers=JSON).status_code == 201


async def test_a_body_that_does_not_arrive_is_not_waited_for(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow asker holds nothing up."""
    monkeypatch.setattr("admin_api.limits.BODY_TIMEOUT_S", 0.01)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await app({**scope(), "method": "POST"}, receive, send)
    assert sent[0]["status"] == 408


def scope() -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": "/api/v1/units",
        "raw_path": b"/api/v1/units",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/units/0",
        "/api/v1/units/-1",
        "/api/v1/units/9223372036854775808",
        "/api/v1/units/1e3",
        "/api/v1/units?limit=0",
        "/api/v1/units?limit=501",
        "/api/v1/units?after=-1",
        "/api/v1/units?text=%00",
        "/api/v1/areas?after=%00",
        "/api/v1/cards?state=stolen",
        "/api/v1/areas/Not%20A%20Slug",
        "/api/v1/events?kind=DROP%20TABLE",
    ],
)
def test_a_wrong_address_is_a_problem_not_a_crash(admin: TestClient, address: str) -> None:
    """Numbers out of range, texts with control characters, words that mean nothing."""
    answer = admin.get(address)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_there_and_wrong_method_are_problems_too(admin: TestClient) -> None:
    """404 and 405 in the one form of all errors; 405 names the methods there are."""
    assert admin.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"
    answer = admin.put("/api/v1/me")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["title"] == "Method Not Allowed"


def test_every_answer_carries_the_security_headers(admin: TestClient, stranger: TestClient) -> None:
    """Good ones, refused ones and public ones."""
    for answer in (admin.get("/api/v1/me"), stranger.get("/api/v1/me"), stranger.get("/healthz")):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "max-age" in answer.headers["strict-transport-security"]


def test_a_request_keeps_the_id_it_brings(admin: TestClient) -> None:
    """A sane one; any other is replaced, so that nobody writes into our log."""
    assert admin.get("/healthz", headers={"X-Request-Id": "abc-123"}).headers["x-request-id"] == "abc-123"
    strange = admin.get("/healthz", headers={"X-Request-Id": "<script>"}).headers["x-request-id"]
    assert strange != "<script>"
    assert len(strange) == 32


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_depth_of_a_json_text_is_counted_as_a_parser_would(value: object) -> None:
    """Brackets inside strings do not count."""

    def deep(part: object) -> int:
        parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        return 0 if parts is None else 1 + max(map(deep, parts), default=0)

    assert depth_of(json.dumps(value).encode()) == deep(value)


def test_the_deepest_allowed_nesting_reaches_the_form(admin: TestClient) -> None:
    """One level more is refused before it is parsed."""
    allowed = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    answer = admin.post("/api/v1/units", content=allowed, headers=JSON)
    assert "nest" not in answer.json()["detail"]
    answer = admin.post("/api/v1/units", content=b"[" + allowed + b"]", headers=JSON)
    assert "nest" in answer.json()["detail"]
