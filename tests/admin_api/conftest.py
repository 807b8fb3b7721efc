"""A served house, and askers of every role."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from admin_api.app import create_app
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM, Store
from tests.admin_api.house import FakeClock, make_house
from tests.stores import BOOT

PASSWORD = "correct horse battery"
ORIGIN = "https://testserver"
Machine = Callable[[Role], TestClient]
Person = Callable[[Role], TestClient]


@pytest.fixture
def clock() -> FakeClock:
    """The clock of house and store; it stands still until a test steps it."""
    return FakeClock()


@pytest.fixture
def house_url(sqlite_url: str) -> str:
    """Where the house keeps its store; a module that wants both databases overrides it."""
    return sqlite_url


@pytest.fixture
def house(house_url: str, clock: FakeClock) -> Iterator[House]:
    """A small site."""
    store = Store(house_url, clock=clock, boot=BOOT)
    yield make_house(store, clock)
    store.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    """The application serving it."""
    return create_app(house)


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    """Someone who is not signed in."""
    return TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)


@pytest.fixture
def machine(app: FastAPI, house: House) -> Machine:
    """A client with a token of one role."""

    def make(role: Role) -> TestClient:
        with house.store.write(SYSTEM) as uow:
            _id, text = accounts.create_token(uow, name=f"test {role}", roles=[role], days=30)
        headers = {"Authorization": f"Bearer {text}"}
        return TestClient(app, base_url=ORIGIN, raise_server_exceptions=False, headers=headers)

    return make


@pytest.fixture
def person(app: FastAPI, house: House) -> Person:
    """A browser on our pages, signed in with one role; guards stand at the post "main"."""

    def make(role: Role) -> TestClient:
        post = "main" if role in {Role.GUARD, Role.CAPTAIN} else None
        with house.store.write(SYSTEM) as uow:
            user = accounts.create_user(uow, login=f"test-{role}", name=f"Test {role}", roles=[role], post=post)
            secret = accounts.make_sign_in_link(uow, user.id)
        client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False, headers={"Origin": ORIGIN})
        answer = client.post("/api/v1/session/link", json={"secret": secret})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    return make


@pytest.fixture
def admin(machine: Machine) -> TestClient:
    """An administrator's machine."""
    return machine(Role.ADMIN)
