"""Whether the gateway lives, for supervisors, Prometheus and makers of controllers."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from starlette.testclient import TestClient

from admin_api.app import create_app
from admin_api.stream import NEWS
from gateway.domain.errors import StoreBusyError
from gateway.domain.person import Role
from gateway.runtime import encoders
from gateway.runtime.house import House, LaidCard
from tests.admin_api.compound import card, home
from tests.admin_api.conftest import Machine
from tests.admin_api.house import FakeFleet


def test_alive_and_ready(stranger: TestClient) -> None:
    """To anyone, with nothing of the site."""
    assert stranger.get("/healthz").json() == {"status": "ok"}
    assert stranger.get("/readyz").json() == {"ready": True, "store": True, "lists": 1, "broker": True}


def test_a_missing_broker_is_told_but_gates_go_on(stranger: TestClient, house: House) -> None:
    """Ready all the same."""
    assert isinstance(house.fleet, FakeFleet)
    house.fleet.online = False
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (200, False)


class BusyStore:
    """A store that cannot be read."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self) -> NoReturn:
        raise StoreBusyError("The store is in use by another process.")


def test_without_a_store_it_is_not_ready(house: House) -> None:
    """503, and a refused request says when to come back."""
    busy: Any = BusyStore(house.store)
    client = TestClient(create_app(replace(house, store=busy)), raise_server_exceptions=False)
    assert client.get("/readyz").status_code == 503
    answer = client.get("/api/v1/me", headers={"Authorization": "Bearer gh_x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_figures_for_prometheus(admin: TestClient, machine: Machine) -> None:
    """Lists, devices, controllers, journal and requests, to whoever may read the audit."""
    card(admin, home(admin))
    answer = machine(Role.AUDITOR).get("/metrics")
    figures = answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'gatehouse_list_entries{list="gardens"} 1.0',
        'gatehouse_device_state{device="main-reader",state="offline"} 1.0',
        "gatehouse_broker_online 1.0",
        "gatehouse_open_alarms 0.0",
        'gatehouse_http_requests_total{method="POST",status="201"} 4.0',
    ):
        assert line in figures
    assert machine(Role.GUARD).get("/metrics").status_code == 403


def test_the_asyncapi_document_names_every_topic_of_the_protocol(admin: TestClient) -> None:
    """Topics, who sends them, what is signed and what is retained."""
    document = admin.get("/api/v1/asyncapi.json").json()
    assert document["asyncapi"] == "3.0.0"
    addresses = {channel["address"] for name, channel in document["channels"].items() if name != "news"}
    assert all(address.startswith("gatehouse/v1/lake/") for address in addresses)
    protocol = (Path(__file__).parents[3] / "sync" / "PROTOCOL.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z/{}]+)` \|", protocol, re.MULTILINE))
    told = {a.removeprefix("gatehouse/v1/lake/").replace("{controller}", "{id}") for a in addresses}
    assert told == documented
    for name, operation in document["operations"].items():
        assert operation["channel"]["$ref"].rpartition("/")[2] in document["channels"], name


def test_the_asyncapi_document_names_the_news_of_the_stream(admin: TestClient) -> None:
    """Field by field what the gateway tells: no name of a person, nor why something failed, which may hold one."""
    news = admin.get("/api/v1/asyncapi.json").json()["channels"]["news"]
    assert news["address"] == "/api/v1/events/stream"
    fields = {name: set(told["payload"]["properties"]) for name, told in news["messages"].items()}
    assert fields.keys() == NEWS
    laid = LaidCard("desk", 1, None, "%(who)s has it.", {"who": "李娜"})
    assert fields["encoder"] == encoders.as_json(laid).keys()
    assert "李娜" not in str(encoders.as_json(laid))
    assert not {"holder", "unit", "leased_by", "created_by", "why"} & fields["encode_job"]
