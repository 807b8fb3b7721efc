"""The first start makes the site and lets one administrator in; later starts find both."""

from pathlib import Path

import pytest

from gateway.daemon.config import ConfigError, StoreTable
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import first_sign_in, has_secrets, open_keys, open_store, sign_in_link
from gateway.domain.person import Role
from gateway.runtime.clock import SteadyClock
from gateway.services import accounts, site
from gateway.storage.store import SYSTEM
from tests.gateway.daemon.conftest import Configured


def test_the_first_start_makes_the_site(configured: Configured) -> None:
    """And the next one opens the same keys."""
    config = configured("")
    store = open_store(config, SteadyClock())
    keys = open_keys(config, store, open_keyring(config))
    with store.read() as conn:
        assert (site.describe(conn).slug, site.describe(conn).name) == ("lake", "湖景苑")
    again = open_keys(config, store, open_keyring(config))
    assert again.signing.kid == keys.signing.kid
    store.close()
    assert (config.data / "keyring.key").stat().st_mode & 0o077 == 0


def test_without_a_name_there_is_no_site(configured: Configured) -> None:
    """The sentence says what to write."""
    config = configured("").model_copy(update={"site": None})
    store = open_store(config, SteadyClock())
    with pytest.raises(ConfigError, match=r"table \[site\]"):
        open_keys(config, store, open_keyring(config))
    store.close()


def test_one_link_for_the_first_administrator(configured: Configured) -> None:
    """Only while nobody can sign in; it works once."""
    config = configured("")
    store = open_store(config, SteadyClock())
    open_keys(config, store, open_keyring(config))
    link = first_sign_in(store, "http://gate:8080")
    assert link is not None
    assert link.startswith("http://gate:8080/sign-in/")
    with store.write(SYSTEM) as uow:
        session = accounts.redeem_link(uow, link.rpartition("/")[2])
    assert session.user.roles == {Role.ADMIN}
    assert first_sign_in(store, "http://gate:8080") is None
    assert sign_in_link(store, "nobody", "http://gate:8080") is None
    store.close()


def test_time_is_not_behind_the_last_record(configured: Configured) -> None:
    """A machine without battery starts in 1970; the store knows better."""
    config = configured("")
    store = open_store(config, SteadyClock())
    open_keys(config, store, open_keyring(config))
    store.close()
    clock = SteadyClock(wall=lambda: 0.0)
    open_store(config, clock).close()
    assert clock.suspect
    assert clock.wall() > 1_700_000_000


@pytest.mark.parametrize("url", ["mysql://x", "junk", "sqlite://", "postgresql://gate@db:many/x"])
def test_another_database_is_refused_in_a_sentence(configured: Configured, url: str) -> None:
    """The key and what may stand there."""
    config = configured("").model_copy(update={"store": StoreTable(url=url)})
    with pytest.raises(ConfigError, match=r"store\.url: .*sqlite:////"):
        open_store(config, SteadyClock())


def test_a_database_in_no_directory(configured: Configured, tmp_path: Path) -> None:
    """The path is named."""
    config = configured("").model_copy(update={"store": StoreTable(url=f"sqlite:///{tmp_path}/none/x.db")})
    with pytest.raises(ConfigError, match=r"none/x\.db: No such file"):
        open_store(config, SteadyClock())


def test_the_database_is_private(configured: Configured, tmp_path: Path) -> None:
    """With its log beside it."""
    store = open_store(configured(""), SteadyClock())
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("gatehouse.db*")}
    store.close()
    assert modes["gatehouse.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_lost_key_file_is_not_made_anew(configured: Configured, tmp_path: Path) -> None:
    """A new key opens nothing; the sentence names the file that is missing, or that holds another key."""
    config = configured("")
    store = open_store(config, SteadyClock())
    assert not has_secrets(store)
    open_keys(config, store, open_keyring(config))
    assert has_secrets(store)
    moved = configured('[keys]\nfile = "elsewhere.key"\n')
    with pytest.raises(ConfigError, match=r"elsewhere\.key is not there"):
        open_keyring(moved, make=False)
    assert not (tmp_path / "elsewhere.key").exists()
    with pytest.raises(ConfigError, match=r"elsewhere\.key is not the key"):
        open_keys(moved, store, open_keyring(moved))
    store.close()


def test_a_key_file_in_no_directory(configured: Configured) -> None:
    """Is said with its path."""
    with pytest.raises(ConfigError, match=r"none/kek: No such file"):
        open_keyring(configured('[keys]\nfile = "none/kek"\n'))
