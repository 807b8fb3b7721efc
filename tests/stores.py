"""Stores for tests: SQLite files and PostgreSQL databases with our schema, fresh for each test.

``store`` runs a test on both; ``sqlite_store`` and ``postgres_store`` on one. Their clock is ``store_clock``: it
stands still until a test steps it.
"""

import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Table, insert

from gateway.domain.card import CardState
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store, UnitOfWork
from tests import postgres

NOW = 1_760_000_000
BOOT = "test-boot"
BOTH = ("sqlite", "postgresql")


@dataclass
class SteppedClock:
    """Unix seconds that move only when told to."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now

    def step(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


@pytest.fixture
def store_clock() -> SteppedClock:
    """The clock of the stores of this test."""
    return SteppedClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "gatehouse.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[postgres.Cluster]:
    """The cluster of this run; skips where PostgreSQL cannot run."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    with postgres.shared_cluster(base if worker_id == "master" else base.parent) as cluster:
        yield cluster


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A file of its own with our schema."""
    path = tmp_path / "gatehouse.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """A database of its own with our schema."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_cluster.create_database(name, postgres.TEMPLATE)
    postgres_cluster.drop_database(name)


@pytest.fixture
def empty_postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_cluster.create_database(name)
    postgres_cluster.drop_database(name)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store with nothing in it, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store with our schema, on each database."""
    url: str = request.getfixturevalue(f"{'postgres' if request.param == 'postgresql' else 'sqlite'}_url")
    return url


@pytest.fixture
def store(store_url: str, store_clock: SteppedClock) -> Iterator[Store]:
    """A store on each database."""
    opened = Store(store_url, clock=store_clock, boot=BOOT)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str, store_clock: SteppedClock) -> Iterator[Store]:
    """A store on SQLite."""
    opened = Store(sqlite_url, clock=store_clock, boot=BOOT)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_url: str, store_clock: SteppedClock) -> Iterator[Store]:
    """A store on PostgreSQL."""
    opened = Store(postgres_url, clock=store_clock, boot=BOOT)
    yield opened
    opened.close()


@pytest.fixture
def seeded(store: Store) -> Store:
    """A store with a site, the area ``main`` and unit 3-1-502."""
    with store.write(SYSTEM) as uow:
        seed_site(uow)
        seed_area(uow)
        seed_unit(uow)
    return store


def seed_site(uow: UnitOfWork) -> None:
    """The site, in Shanghai's time zone."""
    uow.conn.execute(
        insert(tables.site).values(id=1, slug="lake", number=7, name="湖景苑", timezone="Asia/Shanghai", settings={})
    )


def seed_area(uow: UnitOfWork, area: str = "main") -> None:
    """An area whose readers show UIDs."""
    uow.conn.execute(insert(tables.areas).values(id=area, name=area.title(), forms=["uid"]))


def seed_unit(uow: UnitOfWork, code: str = "3-1-502") -> int:
    """A unit; its id."""
    building, entrance, room = code.split("-")
    row = {"code": code, "building": building, "entrance": entrance, "room": room, "areas": []}
    return _new_id(uow, tables.units, row)


def seed_person(uow: UnitOfWork, name: str = "李雷", phone: str = "13800001234") -> int:
    """A person; the id."""
    return _new_id(uow, tables.people, {"name": name, "phone": phone, "phone_tail": phone[-4:]})


def seed_card(uow: UnitOfWork, number: str, uid: bytes, state: CardState = CardState.ACTIVE) -> int:
    """A card; its id."""
    return _new_id(uow, tables.cards, {"number": number, "uid": uid, "state": state, "state_since": uow.now})


def _new_id(uow: UnitOfWork, table: Table, row: Mapping[str, object]) -> int:
    key = uow.conn.execute(insert(table).values(row)).inserted_primary_key
    assert key is not None
    new: int = key[0]
    return new
