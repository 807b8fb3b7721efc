"""The bench's page and its acts, over a world that only remembers."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.domain import identity
from gateway.domain.errors import NotFoundError
from simulators.compound import bench
from simulators.compound.bench import ACTS, create_bench


class RememberingWorld:
    """Stands in for the world: keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.revision = 0
        self.closed = False

    def state(self) -> dict[str, Any]:
        return {"cards": [], "told": len(self.told)}

    def __getattr__(self, name: str) -> Any:
        def told(*args: object, **kwargs: object) -> None:
            self.told.append((name, *args, *kwargs.values()))

        async def told_soon(*args: object, **kwargs: object) -> None:
            told(*args, **kwargs)
            if args == ("nowhere",):
                raise NotFoundError("There is no device %(device)s.", device="nowhere")

        return told if name in {"set_traffic", "add_card", "blank", "copy"} else told_soon


@pytest.fixture
def world() -> RememberingWorld:
    return RememberingWorld()


@pytest.fixture
def client(world: RememberingWorld) -> TestClient:
    return TestClient(create_bench(world), raise_server_exceptions=False)  # type: ignore[arg-type]  # remembers only


def test_the_page_and_its_files(client: TestClient) -> None:
    """The page forbids everything from elsewhere; its script, style and texts are there."""
    page = client.get("/")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert [client.get(f"/{name}").status_code for name in ("bench.js", "bench.css", "strings.js", "icon.svg")] == [
        200
    ] * 4


BODIES: dict[str, dict[str, object]] = {
    "hold": {"card": "5630F009", "portal": "main-in"},
    "drive": {"portal": "main-in"},
    "pass": {"portal": "main-in"},
    "lay": {"card": "5630F009"},
    "lift": {},
    "pull": {"command": 8, "carried_out": True},
    "scan": {"text": "RS1:"},
    "unplug": {"device": "main-line"},
    "plug": {"device": "main-line"},
    "cut": {"controller": "gate-1"},
    "mend": {"controller": "gate-1"},
    "traffic": {"on": True},
    "cards": {"uid": "5630F009"},
    "blank": {"kind": "desfire-ev2"},
    "copy": {"card": "5630F009"},
}


@pytest.mark.parametrize("act", sorted(ACTS))
def test_every_act_reaches_the_world(client: TestClient, world: RememberingWorld, act: str) -> None:
    """One POST, one thing a hand does, and the new state back."""
    answer = client.post(f"/{act}", json=BODIES[act])
    assert answer.status_code == 200
    assert answer.json()["told"] == 1
    assert set(world.told[0][1:]) == set(BODIES[act].values())


def test_what_is_refused(client: TestClient, world: RememberingWorld) -> None:
    """A form from another page, no JSON, a missing field, something that is not there: a clear answer each."""
    assert client.post("/lift", data={"x": "1"}).status_code == 415
    assert client.post("/lift", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post("/lift", json=[1]).status_code == 400
    assert client.post("/hold", json={"card": "56" * 9000}).status_code == 400
    missing = client.post("/hold", json={"card": "5630F009"})
    assert missing.status_code == 422
    assert missing.json()["fields"] == {"portal": "a text"}
    for command in (0, 1000, "8", True, 1.5, None):
        assert client.post("/pull", json={"command": command}).status_code == 422
    assert world.told == []
    gone = client.post("/unplug", json={"device": "nowhere"})
    assert gone.json()["detail"] == "There is no device nowhere."
    assert gone.json()["params"] == {"device": "nowhere"}


def test_every_refusal_is_worded_in_both_chinese_languages() -> None:
    """The page finds its sentence by the English one."""
    here = Path(bench.__file__).parent
    files = [*here.glob("*.py"), Path(identity.__file__)]
    acts = re.compile(r'Error\(\s*(?:"BENCH-1", )?"((?:“|[A-Z])[^"]+[.?])"')
    said = {sentence for file in files for sentence in acts.findall(file.read_text())}
    wanted = {sentence for sentence in said if not re.match(r"A (%|PIN)|%|.*(Wiegand|plate)", sentence)}
    assert len(wanted) == 16
    texts = (here / "static/strings.js").read_text().split("REFUSALS")[1]
    for sentence in wanted:
        assert texts.count(f'"{sentence}": "') == 2, sentence


def test_a_page_that_is_open_does_not_keep_the_bench_from_ending(client: TestClient, world: RememberingWorld) -> None:
    """The stream ends with the world."""
    world.closed = True
    assert client.get("/stream").text == ""
