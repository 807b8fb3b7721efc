"""The OpenAPI document is true: whatever a client makes of it, the answers are as it says."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from gateway.domain.card_data import CardKind
from gateway.domain.person import Role
from gateway.ports import CardOnEncoder
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import House, LaidCard
from tests.admin_api.compound import Home, card, created, home, slip
from tests.admin_api.conftest import Machine
from tests.admin_api.house import FakeEncoders

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 250
LEFT_OUT = {
    "/api/v1/events/stream",  # never ends
    "/api/v1/tokens/{token_id}/revoke",  # would end the token of this test
}

LOOKS = {"/api/v1/post/verify", "/api/v1/decisions"}
"""Questions with a body: they change nothing."""


def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    paths = document(app)["paths"]
    return [(method, path, operation) for path, item in paths.items() for method, operation in item.items()]


def test_every_operation_is_described(app: FastAPI) -> None:
    """A summary, a word of explanation, who may ask, and errors as problems."""
    found = operations(app)
    assert len(found) > 100
    for method, path, operation in found:
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["responses"]) >= {"4XX", "5XX"}, path
        assert operation["security"] == [] or operation["x-roles"], (method, path)
        assert "application/json" not in operation["responses"].get("422", {}).get("content", {}), path


def test_every_operation_says_what_it_may_refuse(app: FastAPI) -> None:
    """The problems by their status, and the headers that a change takes."""
    for method, path, operation in operations(app):
        public, changes, where = operation["security"] == [], method != "get", f"{method} {path}"
        wanted = {"4XX", "5XX"} | (set() if public else {"401", "403"}) | ({"404"} if "{" in path else set())
        wanted |= {"409", "422"} if changes and not public else set()
        assert wanted <= set(operation["responses"]), where
        for status, answer in operation["responses"].items():
            if status[0] in "45" and status != "503":
                assert "application/problem+json" in answer["content"], where
        named = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
        takes_key = "idempotency-key" in {name.lower() for name in named}
        assert takes_key == (changes and not public and path not in LOOKS), where
        assert public or ("csrf" in operation["security"][1]) == changes, where
        assert all(named[name].get("description") for name in ("after", "limit") if name in named), where


def test_every_list_is_walked_by_a_cursor(app: FastAPI) -> None:
    """Where an answer has ``next``, the question takes ``after`` and ``limit``."""
    schemas, lists = document(app)["components"]["schemas"], 0
    for method, path, operation in operations(app):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "next" in schemas.get(name, {}).get("properties", {}):
            lists += 1
            taken = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert taken >= {"after", "limit"}, (method, path)
    assert lists > 10


def test_every_example_is_valid(app: FastAPI) -> None:
    """Who copies one from the document is not refused."""
    found = list(examples(document(app)))
    assert len(found) > 20
    for schema, example in found:
        defined = {**schema, "components": document(app)["components"]}
        assert jsonschema_rs.is_valid(defined, example), (schema, example)


def examples(node: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each schema of the document that has examples, with each of them."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            yield from ((node, example) for example in node["examples"])
        for part in node.values():
            yield from examples(part)
    elif isinstance(node, list):
        for part in node:
            yield from examples(part)


def test_operation_ids_are_unique(app: FastAPI) -> None:
    """Generators of clients make functions of them."""
    ids = [operation["operationId"] for _method, _path, operation in operations(app)]
    assert len(set(ids)) == len(ids)


def test_the_document_is_served(stranger: TestClient) -> None:
    """To anyone: it holds nothing of the site."""
    answer = stranger.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "Gatehouse"


def order(client: TestClient, house: House, place: Home) -> None:
    """A card is being written, and a batch waits."""
    uid = bytes.fromhex("04112233445566")
    assert isinstance(house.encoders, FakeEncoders)
    found = FoundCard(uid, CardKind.DESFIRE_EV2, FoundState.BLANK)
    house.encoders.known = [LaidCard("desk", 1, CardOnEncoder(uid), found=found)]
    whose = {"unit_id": place.unit, "person_id": place.owner, "proof": "owner_file", "receipt": "R-1"}
    answer = client.post("/api/v1/encode-jobs", json={"encoder": "desk", "uid": uid.hex(), "what": "issue", **whose})
    assert answer.status_code == 202
    row = {"unit": "3-1-502", "person": "李娜", "proof": "owner_file", "receipt": "R-1"}
    created(client, "/encode-batches", {"name": "Building 3", "rows": [row]})


def test_answers_are_as_the_document_says(app: FastAPI, house: House, machine: Machine) -> None:
    """Random requests made from the document, valid ones and broken ones, against a house with some content."""
    client = machine(Role.ADMIN)
    place = home(client)
    card(client, place)
    slip(client, place)
    order(client, house, place)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    headers = {"Authorization": client.headers["authorization"]}
    strategies = [
        operation.as_strategy(generation_mode=mode)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
        for operation in (found.ok() for found in schema.get_all_operations() if isinstance(found, Ok))
        if operation.path not in LEFT_OUT
    ]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.sampled_from(strategies).flatmap(lambda strategy: strategy))
    def run(case: Any) -> None:
        case.headers = {name: value for name, value in case.headers.items() if name.lower() != "authorization"}
        answers[case.call_and_validate(headers=headers, checks=CHECKS).status_code] += 1

    answers: Counter[int] = Counter()
    run()
    assert answers[401] < EXAMPLES / 10
    assert answers[200] > EXAMPLES / 10
