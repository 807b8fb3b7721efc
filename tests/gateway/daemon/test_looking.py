"""Commands that change nothing make no store, no schema and no key."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.daemon import commands
from gateway.daemon.config import Config
from gateway.daemon.opening import open_store
from gateway.domain.errors import ForbiddenError, NotFoundError
from gateway.runtime.clock import SteadyClock
from tests.gateway.daemon.conftest import Configured

LOOKS: tuple[Callable[[Config], object], ...] = (
    lambda config: commands.why(config, "main-in", "04a1b2c3"),
    commands.show_fleet,
    commands.verify_audit,
)


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_made_by_looking(configured: Configured, tmp_path: Path, look: Callable[[Config], object]) -> None:
    """Neither without a file nor with an empty one."""
    config = configured("")
    with pytest.raises(NotFoundError, match="no schema yet"):
        look(config)
    assert [file.name for file in tmp_path.iterdir()] == ["gatehouse.toml"]
    (tmp_path / "gatehouse.db").touch()
    with pytest.raises(NotFoundError, match="no schema yet"):
        look(config)
    assert (tmp_path / "gatehouse.db").stat().st_size == 0


@pytest.mark.parametrize("look", LOOKS)
def test_another_schema_is_left_alone(configured: Configured, tmp_path: Path, look: Callable[[Config], object]) -> None:
    """And named."""
    config = configured("")
    open_store(config, SteadyClock()).close()
    with closing(sqlite3.connect(tmp_path / "gatehouse.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
        database.commit()
    with pytest.raises(ForbiddenError, match="schema 0000"):
        look(config)
    with closing(sqlite3.connect(tmp_path / "gatehouse.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
