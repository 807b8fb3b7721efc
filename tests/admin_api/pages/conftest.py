"""People at the pages: a browser of each role that fills forms as our pages do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from gateway.domain.card_data import CardKind
from gateway.domain.person import Role
from gateway.ports import CardOnEncoder
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import House, LaidCard
from tests.admin_api.compound import Home, home
from tests.admin_api.encoding import FakeEncoding
from tests.admin_api.house import FakeEncoders, FakePortals
from tests.admin_api.pages.writer import Writer


@dataclass
class Browser:
    """A signed-in browser without scripts."""

    client: TestClient

    def see(self, path: str, status: int = 200) -> str:
        """The page at a path."""
        answer = self.client.get(path, headers={"Accept": "text/html", "Accept-Language": "en"})
        assert answer.status_code == status, answer.text
        return answer.text

    def submit(self, path: str, status: int = 200, **fields: Any) -> str:
        """Sends a form with the session's token and follows where it leads."""
        data = {"csrf": self.client.headers["X-CSRF-Token"], **fields}
        answer = self.client.post(path, data=data)
        assert answer.status_code == status, answer.text
        return answer.text


@pytest.fixture
def as_role(person: Callable[[Role], TestClient]) -> Callable[[Role], Browser]:
    """A browser of one role, speaking English."""

    def make(role: Role) -> Browser:
        browser = Browser(person(role))
        browser.submit("/language", language="en", back="/settings")
        return browser

    return make


@pytest.fixture
def clerk(as_role: Callable[[Role], Browser]) -> Browser:
    """Someone at the front desk."""
    return as_role(Role.FRONT_DESK)


@pytest.fixture
def guard(as_role: Callable[[Role], Browser]) -> Browser:
    """Someone at the post "main"."""
    return as_role(Role.GUARD)


@pytest.fixture
def admin_page(as_role: Callable[[Role], Browser]) -> Browser:
    """An administrator."""
    return as_role(Role.ADMIN)


@pytest.fixture
def place(admin: TestClient) -> Home:
    """3-1-502, handed over to Li Na."""
    return home(admin)


@pytest.fixture
def lay(house: House) -> Callable[..., None]:
    """Lays a card on the encoder, or lifts it. ``found``: what it turned out to be; without, a plain card."""
    encoders = cast("FakeEncoders", house.encoders)

    def put(uid: bytes | None, found: FoundCard | None = None, *, random_uid: bool = False, why: str = "") -> None:
        kind = "uid" if found is None else found.kind.value
        card = None if uid is None else CardOnEncoder(uid, kind, random_uid)
        if found is None and uid is not None and not why and not random_uid:
            found = FoundCard(uid, CardKind.UID, FoundState.UID_ONLY)
        encoders.known[0] = LaidCard("desk", encoders.known[0].version + 1, card, why, found=found)

    return put


@pytest.fixture
def encoding(house: House) -> FakeEncoding:
    """What was asked of the encoders."""
    return cast("FakeEncoding", house.encoding)


@pytest.fixture
def writer(house: House, place: Home) -> Writer:
    """Whoever writes cards, for 李娜."""
    return Writer(house, place)


@pytest.fixture
def barriers(house: House) -> FakePortals:
    """The barriers, which note what was asked of them."""
    return cast("FakePortals", house.portals)
