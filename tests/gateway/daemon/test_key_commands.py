"""``gatehouse keys``: what is missing and what to type next, from no keys at all to the last card with old ones."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.daemon import key_commands
from gateway.daemon.config import Config, ConfigError
from gateway.daemon.doctor import examine
from gateway.daemon.key_settings import KeysTable
from gateway.daemon.key_source import open_keyring
from gateway.daemon.lock import DataLock
from gateway.daemon.opening import open_keys, opened
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.domain.person import Role
from gateway.ports.cards import KeyPurpose
from gateway.services import accounts, card_keys
from gateway.services.card_key_import import begin_import, enter_component
from gateway.signing.components import check_value, combine
from gateway.storage import tables
from gateway.storage.store import SYSTEM
from tests.commands import Ran, gatehouse
from tests.gateway.daemon.conftest import Configured
from tests.stores import seed_card
from tests.terminals import converse

PASSWORDS = {"li": "first custodian 1", "wang": "second custodian 2"}
ROLES = {"li": Role.MANAGER, "wang": Role.ADMIN}
COMPONENTS = {"li": bytes(range(1, 17)), "wang": bytes(range(101, 117))}
WHOLE = combine(*COMPONENTS.values())
Typed = Callable[..., Ran]


@pytest.fixture
def config(configured: Configured) -> Config:
    """A site in which two people have passwords."""
    config = configured("")
    with opened(config) as store:
        open_keys(config, store, open_keyring(config))
        with store.write(SYSTEM) as uow:
            for login, password in PASSWORDS.items():
                accounts.create_user(uow, login=login, name=login.title(), roles=[ROLES[login]], password=password)
    return config


@pytest.fixture
def typed(config: Config) -> Typed:
    """Runs ``gatehouse keys …`` with lines on standard input."""

    def run(*arguments: str, lines: tuple[str, ...] = ()) -> Ran:
        return gatehouse(config.data / "gatehouse.toml", "keys", *arguments, lines=lines)

    return run


def _carry(config: Config, number: str, version: int) -> None:
    with opened(config) as store, store.write(SYSTEM) as uow:
        card = seed_card(uow, number, b"\x04" + number.encode())
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == card).values(key_version=version))


def _key_finding(config: Config) -> str:
    return {found.what: found.said for found in examine(config)}["keys.file"]


def test_from_nothing_to_keys(config: Config, typed: Typed) -> None:
    """Status names the next command and ends with 1, until nothing is missing."""
    assert _key_finding(config).endswith("no card keys yet: gatehouse keys init")
    before = typed("status")
    assert before.code == 1
    assert "no card keys yet" in before.out
    assert "Next: gatehouse keys init" in before.out
    made = typed("init")
    assert made.code == 0
    after = typed("status")
    assert (after.code, after.out) == (0, made.out)
    assert after.out.endswith("Nothing is missing.\n")
    assert [line.split()[0] for line in after.out.splitlines()[1:-1]] == [purpose.value for purpose in KeyPurpose]
    again = typed("init")
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("gatehouse: The site has card keys already.")
    assert _key_finding(config).endswith(", card keys version 1")


def test_status_of_a_store_that_is_not_there(configured: Configured, tmp_path: Path) -> None:
    """Says so, and makes none."""
    configured("")
    ran = gatehouse(tmp_path / "gatehouse.toml", "keys", "status")
    assert (ran.code, ran.out) == (1, "")
    assert "no schema yet" in ran.err
    assert not (tmp_path / "gatehouse.db").exists()


def test_two_people_bring_the_keys(config: Config, typed: Typed) -> None:
    """Each with the own password; check values answer each line, and the second makes the version current."""
    sheets = {
        "li": (PASSWORDS["li"], *[COMPONENTS["li"].hex()] * 7),
        "wang": (PASSWORDS["wang"], *[(COMPONENTS["wang"][:-1] + bytes((last,))).hex() for last in range(7)]),
    }
    made = [combine(COMPONENTS["li"], bytes.fromhex(line)) for line in sheets["wang"][1:]]
    first = typed("import", "--component", "1", "--as", "li", lines=sheets["li"])
    assert first.code == 0
    assert f"picc, component 1: check value {check_value(COMPONENTS['li'])}\n" in first.out
    assert "waits for component 2" in first.out
    assert first.out.endswith(
        "Next: gatehouse keys import --component 2, or gatehouse keys complete for random ones.\n"
    )
    assert typed("status").code == 1
    second = typed("import", "--component", "2", "--as", "wang", lines=sheets["wang"])
    assert second.code == 0
    assert all(f"the key is whole: check value {check_value(key)}" in second.out for key in made)
    with opened(config) as store, store.read() as conn:
        keys = card_keys.load(conn, open_keyring(config))
    assert keys is not None
    assert [keys.sets[1].keys[purpose] for purpose in KeyPurpose] == made
    shown = first.out + second.out + first.err + second.err
    assert not any(key.hex() in shown.lower() for key in (*COMPONENTS.values(), *made))


def test_one_person_cannot_bring_both(typed: Typed) -> None:
    """Nor anybody with a wrong password; exit code 1 and a sentence."""
    one, two = (key.hex() for key in COMPONENTS.values())
    begun = typed("import", "--component", "1", "--as", "li", "--key", "read", lines=(PASSWORDS["li"], one))
    assert begun.code == 0
    assert "read        waits for component 2 (component 1" in begun.out
    for arguments, lines, said in (
        (("2", "--as", "li", "--key", "read"), (PASSWORDS["li"],), "li entered component 1"),
        (("2", "--as", "wang", "--key", "read"), ("not it", two), "login or the password is wrong"),
        (("2", "--as", "wang", "--key", "read"), (PASSWORDS["wang"], "xyz"), "32 hex digits"),
        (("2", "--as", "wang", "--key", "reed"), (), "The keys are picc, application, read"),
    ):
        ran = typed("import", "--component", *arguments, lines=lines)
        assert ran.code == 1
        assert said in ran.err
        assert "Traceback" not in ran.err
    assert typed("import", "--component", "3", "--as", "li").code == 2


def test_a_clerk_brings_no_keys(config: Config, typed: Typed) -> None:
    """The sentence says who may; no import is begun."""
    with opened(config) as store, store.write(SYSTEM) as uow:
        accounts.create_user(uow, login="mei", name="Mei", roles=[Role.FRONT_DESK], password="third password 3")
    ran = typed("import", "--component", "1", "--as", "mei", lines=("third password 3",))
    assert ran.code == 1
    assert "mei is neither manager nor administrator" in ran.err
    assert "no card keys yet" in typed("status").out


def test_whoever_may_not_is_not_asked(config: Config, typed: Typed) -> None:
    """The refusal comes before the component is shown to anybody."""
    one = COMPONENTS["li"].hex()
    typed("import", "--component", "1", "--as", "li", "--key", "read", lines=(PASSWORDS["li"], one))
    file = str(config.data / "gatehouse.toml")
    command = [sys.executable, "-m", "gateway.daemon", "keys", "import", "--component", "2", "--as", "li"]
    ran = converse([*command, "--key", "read", "-c", file], [PASSWORDS["li"]], os.environ)
    assert ran.code == 1
    assert "li entered component 1" in ran.out
    assert "32 hex digits" not in ran.out


def test_nothing_left_to_enter(typed: Typed) -> None:
    """The sentence names whose turn it is."""
    sheet = (PASSWORDS["li"], *[COMPONENTS["li"].hex()] * 7)
    typed("import", "--component", "1", "--as", "li", lines=sheet)
    again = typed("import", "--component", "1", "--as", "li", lines=sheet)
    assert again.code == 1
    assert "--component 2" in again.err


def test_some_brought_and_some_made(config: Config) -> None:
    """``complete`` makes the rest, ``discard`` gives up."""
    ring = open_keyring(config)
    with opened(config) as store, store.write(SYSTEM) as uow:
        version = begin_import(uow)
        for component, (login, key) in enumerate(COMPONENTS.items(), 1):
            enter_component(uow, ring, version, KeyPurpose.READ, component=component, key=key, by=login)
    done = key_commands.complete(config)
    assert done.startswith("Version 1: current")
    assert f"read        {check_value(WHOLE)}" in done
    with opened(config) as store, store.write(SYSTEM) as uow:
        begin_import(uow)
    assert not key_commands.show_status(config)[0]
    with pytest.raises(ConflictError, match="being imported"):
        key_commands.rotate(config)
    assert key_commands.discard(config, 2).endswith("Nothing is missing.")
    with pytest.raises(NotFoundError, match="gatehouse keys import"):
        key_commands.complete(config)


def test_on_a_terminal_nothing_shows(config: Config) -> None:
    """A typing error is asked for again; neither password nor component is echoed."""
    file = str(config.data / "gatehouse.toml")
    command = [sys.executable, "-m", "gateway.daemon", "keys", "import", "--component", "1", "--as", "li", "-c", file]
    answers = [PASSWORDS["li"], "xyz", COMPONENTS["li"].hex(" "), *[""] * 6]
    ran = converse(command, answers, os.environ)
    assert ran.code == 0
    assert "32 hex digits." in ran.out
    assert f"picc, component 1: check value {check_value(COMPONENTS['li'])}" in ran.out
    assert ran.shown.strip() == ""


def test_a_rotation_as_a_campaign(config: Config) -> None:
    """New keys, a list of the cards that have the old ones, and the end of the old version."""
    key_commands.init(config)
    _carry(config, "0001", 1)
    said = key_commands.rotate(config)
    assert "Version 1: accepted" in said
    assert said.endswith("1 cards carry old keys. Next: gatehouse keys report")
    assert key_commands.report(config).splitlines() == [
        "card\tkeys\tstate\tunit\tholder",
        "0001\t1\tactive\t–\t–",
        "1 cards carry old keys. Lay each on a desk encoder: it gets the current ones.",
    ]
    with pytest.raises(ConflictError, match="gatehouse keys report"):
        key_commands.retire(config, 1)
    with opened(config) as store, store.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.cards).values(key_version=2))
    assert key_commands.report(config) == "No card carries old keys."
    assert key_commands.show_status(config)[1].endswith("Next: gatehouse keys retire 1")
    assert key_commands.retire(config, 1).endswith("Nothing is missing.")
    assert "Version 1: accepted" in key_commands.accept(config, 1)


@pytest.mark.parametrize("told", ["in [keys].", "after [keys] names"])
def test_help_shows_brackets(config: Config, told: str) -> None:
    """A table of the configuration is no markup."""
    file = config.data / "gatehouse.toml"
    ran = gatehouse(file, "keys", "move", "--help")
    assert told in " ".join(ran.out.replace("│", " ").split())


def test_no_pin_to_try(config: Config) -> None:
    """Where there is no token."""
    assert "no PIN to try" in key_commands.try_pin(config)


def test_the_key_moves_to_another_place(config: Config, tmp_path: Path) -> None:
    """Everything opens with the new one and nothing with the old; not beside a gateway, nor with a wrong old one."""
    key_commands.init(config)
    with opened(config) as store, store.write(SYSTEM) as uow:
        version = begin_import(uow)
        ring = open_keyring(config)
        enter_component(uow, ring, version, KeyPurpose.READ, component=1, key=COMPONENTS["li"], by="li")
    moved = config.model_copy(update={"keys": KeysTable(file=tmp_path / "moved.key")})
    open_keyring(moved)
    lock = DataLock(config.data)
    with pytest.raises(ConflictError, match="already runs"):
        key_commands.move(moved, config)
    lock.release()
    with pytest.raises(ConfigError, match=r"moved\.key is not the key"):
        key_commands.move(config, moved)
    assert key_commands.move(moved, config).startswith("12 secrets")
    with opened(moved) as store, store.write(SYSTEM) as uow:
        ring = open_keyring(moved)
        done = enter_component(uow, ring, version, KeyPurpose.READ, component=2, key=COMPONENTS["wang"], by="wang")
        assert done.key == check_value(WHOLE)
        assert card_keys.load(uow.conn, ring) is not None
    assert _key_finding(moved).endswith(", card keys version 1")
    assert "is not the key that sealed" in _key_finding(config)
