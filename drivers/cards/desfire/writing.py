"""Writing our application on a DESFire card, from whatever state an earlier try left it in.

The order makes every cut readable afterwards: the card's master key changes right after the application exists; the
data count all at once, at the commit; then the application's keys change one by one, its master key last of all. So
when the master key is the new one all else stands, and until then each key's version tells which one it is.

No other card can go on with a session: so the UID is asked inside it, before the first write.
"""

from collections.abc import Sequence
from typing import Final

from drivers.cards import record
from drivers.cards.desfire.access import Access
from drivers.cards.desfire.layout import FILES, MASTER, MODE, NUMBER_FILE, OUR_SETTINGS, PURPOSES, READ
from drivers.cards.desfire.protocol.authenticate import Random
from drivers.cards.desfire.protocol.commands.applications import (
    PICC,
    KeyType,
    create_application,
    select_application,
)
from drivers.cards.desfire.protocol.commands.content import read_data, write_data
from drivers.cards.desfire.protocol.commands.files import commit, create_file, file_ids
from drivers.cards.desfire.protocol.commands.keys import change_key, change_key_settings, key_version
from drivers.cards.desfire.protocol.commands.picc import set_configuration
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure, Step
from gateway.ports.cards import FACTORY, CardGarbledError, CardKeys, EncodePlan, KeyPurpose

_CLAIM, _WRITE, _KEYS, _CHECK, _OPTIONS = range(5)
_STEPS: Final = ("Take the card over", "Write the number", "Change the keys", "Read it back", "Set the card's options")
_NOT_AS_WRITTEN: Final = "What was read back is not what was written: issue the card again, or take another one."


def steps(plan: EncodePlan) -> Sequence[str]:
    """What :func:`personalise` does, step by step."""
    return _STEPS if _has_options(plan) else _STEPS[:_OPTIONS]


def personalise(plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
    """Returns when the card is as planned and was read back with the read key."""
    work = _Personalisation(plan, Access.by_plan(plan, keys, random))
    yield Step(_CLAIM)
    is_new = yield from work.claim()
    yield Step(_WRITE)
    is_new = yield from work.select(is_new=is_new)
    session, master = yield from work.write(is_new=is_new)
    yield Step(_KEYS)
    yield from work.change_keys(session, master, is_new=is_new)
    yield Step(_CHECK)
    yield from work.check()
    if _has_options(plan):
        yield Step(_OPTIONS)
        yield from work.set_options()


def _has_options(plan: EncodePlan) -> bool:
    return plan.templates.desfire.forbid_format


class _Personalisation:
    """``is_new``: the application was made just now, so nothing needs to be asked about its keys and files."""

    def __init__(self, plan: EncodePlan, access: Access) -> None:
        self._plan = plan
        self._access = access
        self._template = plan.templates.desfire
        self._version = plan.data.key_version
        self._sealed = record.seal(plan.data, plan.uid, access.secret(KeyPurpose.ISSUER, self._version))

    def claim(self) -> Procedure[bool]:
        """Puts our master key on the card itself; returns ``is_new``."""
        yield from select_application(PICC)
        version = yield from key_version(None, 0)
        if version == self._version:
            return False
        session = yield from self._open_card(version)
        is_new = False
        if version == FACTORY:
            session, is_new = yield from self._make_application(session)
        key = self._access.secret(KeyPurpose.PICC, self._version)
        yield from change_key(session, KeyType.AES, key, self._version)
        _require(self._version, (yield from key_version(None, 0)))
        return is_new

    def select(self, *, is_new: bool) -> Procedure[bool]:
        """Selects the application, and makes it anew when a wipe was broken off; returns ``is_new``."""
        try:
            yield from select_application(self._template.aid)
        except DesfireRefusedError as error:
            if error.status != Status.APPLICATION_NOT_FOUND:
                raise
        else:
            return is_new
        yield from select_application(PICC)
        yield from self._make_application((yield from self._open_card(self._version)))
        yield from select_application(self._template.aid)
        return True

    def write(self, *, is_new: bool) -> Procedure[tuple[Session, int]]:
        """Files and number; returns the session with the application's master key, and that key's version."""
        version = FACTORY if is_new else (yield from key_version(None, MASTER))
        session = yield from self._access.open_application(MASTER, version)
        yield from self._access.require_same_card()
        there = b"" if is_new else (yield from file_ids(session))
        for number, settings in FILES.items():
            if number not in there:
                yield from create_file(session, number, settings)
        yield from write_data(session, NUMBER_FILE, 0, self._sealed, MODE)
        yield from commit(session)
        return session, version

    def change_keys(self, session: Session, master: int, *, is_new: bool) -> Procedure[None]:
        """Those that are not of our version yet; ``master``: the version of the master key."""
        yield from self._access.require_same_card()
        for number, purpose in list(enumerate(PURPOSES))[MASTER + 1 :]:
            version = FACTORY if is_new else (yield from key_version(session, number))
            if version != self._version:
                old_key = self._access.secret(purpose, version)
                new_key = self._access.secret(purpose, self._version)
                yield from change_key(session, number, new_key, self._version, old_key=old_key)
        if master != self._version:
            yield from change_key(session, MASTER, self._access.secret(PURPOSES[MASTER], self._version), self._version)

    def check(self) -> Procedure[None]:
        """Reads with the key that the gates have."""
        session = yield from self._access.open_application(READ, self._version)
        if (yield from read_data(session, NUMBER_FILE, 0, len(self._sealed), MODE)) != self._sealed:
            raise CardGarbledError(_NOT_AS_WRITTEN)
        _require(self._version, (yield from key_version(session, MASTER)))

    def set_options(self) -> Procedure[None]:
        """What can never be undone comes when all else is known to be right."""
        yield from select_application(PICC)
        session = yield from self._open_card(self._version)
        yield from set_configuration(session, random_uid=False, forbid_format=self._template.forbid_format)

    def _make_application(self, session: Session) -> Procedure[tuple[Session, bool]]:
        """Also closes the card to others. Returns the session that goes on, and whether the application is new."""
        yield from change_key_settings(session, OUR_SETTINGS)
        is_new = True
        try:
            yield from create_application(
                session,
                self._template.aid,
                key_settings=OUR_SETTINGS,
                key_type=KeyType.AES,
                keys=len(PURPOSES),
            )
        except DesfireRefusedError as error:
            if error.status != Status.DUPLICATE:
                raise
            is_new = False
            session = yield from self._access.open_card(FACTORY)  # an error ends the session
        return session, is_new

    def _open_card(self, version: int) -> Procedure[Session]:
        session = yield from self._access.open_card(version)
        yield from self._access.require_same_card()
        return session


def _require(wanted: int, version: int) -> None:
    if version != wanted:
        raise CardGarbledError(
            "A key on the card has version %(version)s instead of %(wanted)s: issue the card again, or another one.",
            version=version,
            wanted=wanted,
        )
