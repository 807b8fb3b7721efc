"""Two people enter the components of card keys, one after the other: each signs with the own password.

On a terminal nothing that is typed shows. Without one, the answers are read from standard input, a line each.
"""

import getpass
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.daemon.config import Config, ConfigError
from gateway.daemon.key_commands import at_work, describe
from gateway.domain.errors import ForbiddenError, MalformedError
from gateway.domain.person import Role
from gateway.ports.cards import KeyPurpose
from gateway.services import accounts
from gateway.services.accounts import UserView
from gateway.services.card_key_import import Entered, begin_import, enter_component, refuse_person
from gateway.services.card_key_status import KeySetStatus, status
from gateway.signing.keyring import Keyring
from gateway.storage.store import Actor, Store, UnitOfWork

HERE: Final = "127.0.0.1"
ROLES: Final = frozenset({Role.MANAGER, Role.ADMIN})
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One person at the keyboard."""

    store: Store
    ring: Keyring
    user: UserView
    component: int
    say: Say

    @property
    def actor(self) -> Actor:
        return Actor(f"user:{self.user.id}", self.user.name, self.user.roles)


def run(config: Config, *, login: str, component: int, purpose: KeyPurpose | None, say: Say) -> None:
    """Asks for this person's component of each key that lacks it, or of one. An empty line leaves one out.

    Raises UnauthenticatedError for a wrong password, ForbiddenError for whoever is neither manager nor administrator,
    ConfigError when there is nothing to enter.
    """
    with at_work(config) as (store, ring):
        user = accounts.prove(store, login=login, password=ask(f"Password of {login}: "), net=HERE, now=time.time())
        _refuse_role(user)
        sitting = _Sitting(store, ring, user, component, say)
        version = store.run(sitting.actor, begin_import)
        for wanted in [purpose] if purpose else _lacking(store, component):
            _enter_one(sitting, version, wanted)
        with store.read() as conn:
            say(describe(status(conn)))


def _refuse_role(user: UserView) -> None:
    if ROLES.isdisjoint(user.roles):
        raise ForbiddenError(
            "%(login)s is neither manager nor administrator. Only they enter components of card keys.", login=user.login
        )


def purpose_of(name: str | None) -> KeyPurpose | None:
    """Raises MalformedError naming what there is."""
    try:
        return None if name is None else KeyPurpose(name)
    except ValueError:
        raise MalformedError(
            "There is no key “%(name)s”. The keys are %(known)s.", name=name, known=", ".join(KeyPurpose)
        ) from None


def _lacking(store: Store, component: int) -> list[KeyPurpose]:
    """The keys that still need this component."""
    with store.read() as conn:
        importing = status(conn).importing
    missing = [] if importing is None else [one for one in importing.missing if not _has(importing, one, component)]
    if not missing:
        raise ConfigError(
            "Component %(component)s of every key is there. Let the other person run “gatehouse keys import "
            "--component %(other)s”.",
            component=component,
            other=3 - component,
        )
    return missing


def _has(importing: KeySetStatus, purpose: KeyPurpose, component: int) -> bool:
    return any((half.purpose, half.component) == (purpose, component) for half in importing.waiting)


def _enter_one(sitting: _Sitting, version: int, purpose: KeyPurpose) -> None:
    """On a terminal, until it is typed right. Who may not enter it is not asked."""
    with sitting.store.read() as conn:
        refuse_person(conn, version, purpose, component=sitting.component, by=sitting.user.login)
    while typed := ask(f"{purpose.value}, component {sitting.component}, 32 hex digits: "):
        try:
            sitting.say(_entered(sitting, version, purpose, _parse(typed)))
        except MalformedError as error:
            if not sys.stdin.isatty():
                raise
            sitting.say(str(error))
        else:
            return


def _entered(sitting: _Sitting, version: int, purpose: KeyPurpose, key: bytes) -> str:
    def enter(uow: UnitOfWork) -> Entered:
        by, component = sitting.user.login, sitting.component
        return enter_component(uow, sitting.ring, version, purpose, component=component, key=key, by=by)

    done = sitting.store.run(sitting.actor, enter)
    said = f"{purpose.value}, component {sitting.component}: check value {done.component}"
    return said if done.key is None else f"{said}; the key is whole: check value {done.key}"


def _parse(typed: str) -> bytes:
    """Spaces between groups of digits are allowed. The error shows nothing of what was typed."""
    try:
        return bytes.fromhex(typed)
    except ValueError:
        raise MalformedError("A component has 16 bytes: 32 hex digits.") from None


def ask(prompt: str) -> str:
    """A line that does not show on the terminal; empty at the end of the input."""
    return (getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()).strip()
