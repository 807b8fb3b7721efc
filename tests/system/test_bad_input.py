"""Hostile and mistaken input is answered with a sentence; nothing moves, nothing breaks, the next card opens."""

import json
import random
import secrets
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.brokers import running_embedded
from tests.system.plant import Plant, Refused, wait_for

pytestmark = [pytest.mark.system]

SEED = 20260403
SETTLED_S = 1.0  # noise is noticed at the next poll
BLANK = "04B103526E6180"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """One gateway; whatever was thrown at it, in the end a resident's card opens once, and the log is clean."""
    with running_embedded() as broker:
        house = Plant(tmp_path_factory.mktemp("bad-input"), broker.settings())
        house.seed()
        house.start()
        try:
            house.online()
            yield house
            house.online()
            house.recorder.assert_silent()
            at = house.present(house.residents()[0])
            house.opened_after(at)
            assert house.lamp_after(at) == "green"
            assert len(house.recorder.writes) == 1
            assert house.api.get("/audit/verify")["ok"]
        finally:
            house.close()
        house.assert_clean_log()


def send(plant: Plant, path: str, body: bytes, kind: str = "application/json") -> tuple[int, dict[str, Any]]:
    """Any bytes; status and problem."""
    headers = {
        "Authorization": f"Bearer {plant.api.token}",
        "Content-Type": kind,
        "Idempotency-Key": secrets.token_hex(),
    }
    connection = HTTPConnection("127.0.0.1", plant.port, timeout=45)
    try:
        connection.request("POST", f"/api/v1{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.headers["content-type"] == "application/problem+json", (answer.status, text[:300])
        return answer.status, json.loads(text)
    finally:
        connection.close()


def unit_of(plant: Plant, code: str) -> int:
    number: int = plant.api.get(f"/search?text={code}")["items"][0]["unit_id"]
    return number


def issue_body(plant: Plant, code: str, **other: object) -> dict[str, Any]:
    """A card for the owner of a unit."""
    unit = unit_of(plant, code)
    owner = plant.api.get(f"/units/{unit}/household")["occupants"][0]["person_id"]
    body = {"uid": BLANK, "unit_id": unit, "person_id": owner, "proof": "owner_file", "receipt": "R-7"}
    return body | other


BODIES = {
    "nothing": b"",
    "no JSON": b"{uid: 1",
    "cut": b'{"uid": "04B1',
    "not UTF-8": b'{"uid": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "deep": b"[" * 50_000,
    "NUL": b'{"uid": "\x00"}',
    "a number of 10,000 digits": b'{"unit_id": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"unit_id": NaN, "person_id": Infinity}',
    "wrong types": b'{"uid": 7, "unit_id": "x", "person_id": {}, "proof": []}',
    "lone surrogate": b'{"uid": "\\ud800", "unit_id": 1, "person_id": 1, "proof": "owner_file"}',
}


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("path", ["/cards/issue", "/slips/issue", "/post/release", "/post/verify", "/decisions"])
def test_bodies_that_are_none(plant: Plant, path: str, what: str) -> None:
    """4xx with a sentence, on every door a stranger would try."""
    status, problem = send(plant, path, BODIES[what])
    assert 400 <= status < 500
    assert problem["status"] == status
    assert problem["detail"].endswith(".")


def test_a_body_that_never_ends(plant: Plant) -> None:
    """Too much is refused, whatever it says."""
    status, _problem = send(plant, "/cards/issue", json.dumps({"uid": "0" * 20_000_000}).encode())
    assert status == 413


def test_random_bodies(plant: Plant) -> None:
    """Any bytes as any content type."""
    rng = random.Random(SEED)
    for _ in range(150):
        kind = rng.choice(["application/json", "text/plain", "multipart/form-data; boundary=x", "\x7f"])
        status, _problem = send(plant, "/cards/issue", rng.randbytes(rng.randrange(300)), kind)
        assert 400 <= status < 500


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"admin": True}, "admin"),
        ({"uid": "04B1" * 1000}, "uid"),
        ({"uid": "zz"}, "uid"),
        ({"unit_id": "1; DROP TABLE cards"}, "unit_id"),
        ({"unit_id": 2**80}, "unit_id"),
        ({"receipt": "R" * 41}, "receipt"),
        ({"proof": "none"}, "proof"),
        ({"valid_until": "yesterday"}, "valid_until"),
    ],
)
def test_fields_are_named(plant: Plant, other: dict[str, Any], field: str) -> None:
    """The problem names the field that is wrong."""
    status, problem = send(plant, "/cards/issue", json.dumps(issue_body(plant, "3-1-502", **other)).encode())
    assert status in {400, 422}
    assert field in problem["fields"]


def test_a_card_that_belongs_to_someone(plant: Plant) -> None:
    """409 with the holder and the date; the card stays with the holder."""
    card = next(card for card in plant.api.every("/cards?state=active") if card["holder"] == "李娜")
    body = issue_body(plant, "1-1-101", uid=card["uid"])
    with pytest.raises(Refused) as refused:
        plant.api.post("/cards/issue", body)
    problem = refused.value.problem
    assert (refused.value.status, problem["rule"]) == (409, "R-CARD-12")
    assert "李娜" in problem["detail"]
    assert card["issued_at"][:4] in problem["detail"]
    assert plant.api.get(f"/cards/by-uid/{card['uid']}")["holder"] == "李娜"


def test_a_unit_that_was_not_handed_over(plant: Plant) -> None:
    """422 with the rule; the card stays blank."""
    with pytest.raises(Refused) as refused:
        plant.api.post("/cards/issue", issue_body(plant, "1-2-501"))
    assert (refused.value.status, refused.value.problem["rule"]) == (422, "R-CARD-1")
    assert plant.api.get(f"/cards/by-uid/{BLANK}")["state"] == "blank"


def a_slip(plant: Plant) -> dict[str, Any]:
    slip: dict[str, Any] = plant.api.post(
        "/slips/issue",
        {
            "kind": "household",
            "unit_id": unit_of(plant, "3-1-502"),
            "applicant": "李娜",
            "items": [{"line": 1, "name": "冰箱", "qty": 1}],
            "post": "north",
            "consent": {"method": "signed_at_desk", "by": "李娜", "identity_checked": True},
        },
    )
    return slip


def damaged(token: str) -> Iterator[str]:
    """The slip's text with every kind of damage."""
    rng = random.Random(SEED)
    yield from ("", token[: len(token) // 2], token + token, token[::-1], "https://example.com", "\u202e" + token)
    for _ in range(40):
        at = rng.randrange(len(token))
        other = rng.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".replace(token[at], ""))
        yield token[:at] + other + token[at + 1 :]


def test_forged_and_damaged_slips(plant: Plant) -> None:
    """None is released, however it is read; the real one still is, and nothing of it was spent."""
    slip = a_slip(plant)
    for text in damaged(slip["token"]):
        plant.scanner.scan(text)
        verdict = plant.api.post("/post/verify", {"text": text, "post": "north"})
        load = {"release_id": secrets.token_hex(16), "text": text, "post": "north"}
        released = plant.api.post("/post/release", {**load, "lines": [{"line": 1, "qty": 1}]})
        assert not verdict["may_release"], text
        assert released["code"] == verdict["code"] != "RELEASED", text
        assert released["colour"] != "green", text
    assert plant.api.get(f"/slips/{slip['id']}/story")["items"] == []
    assert plant.api.post("/post/verify", {"text": slip["token"], "post": "north"})["code"] == "OK"


def test_garbage_on_the_wires(plant: Plant) -> None:
    """Reader, barrier and scanner talk noise; all are online after it."""
    rng = random.Random(SEED)
    for _ in range(40):
        for cable in (plant.readers.cable, plant.board.cable, plant.scanner.cable):
            cable.write(rng.randbytes(rng.randrange(1, 400)))
    plant.scanner.send(b"\xff" * 100_000)
    plant.scanner.send(b"\r\n")
    plant.online(for_s=SETTLED_S)
    wait_for("the gateway to answer", lambda: plant.api.get("/me"))
