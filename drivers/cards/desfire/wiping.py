"""Taking our application and keys off a DESFire card: it is as the factory made it, but for options that stay for ever.

The application goes first and the card's master key last, so that until then our key opens the card again.
"""

from collections.abc import Sequence
from typing import Final

from drivers.cards.desfire.access import Access
from drivers.cards.desfire.layout import FACTORY_KEY, FACTORY_SETTINGS
from drivers.cards.desfire.protocol.authenticate import Random
from drivers.cards.desfire.protocol.commands.applications import (
    PICC,
    application_ids,
    delete_application,
    select_application,
)
from drivers.cards.desfire.protocol.commands.keys import change_key, change_key_settings, key_version
from drivers.cards.desfire.protocol.commands.picc import format_picc
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure, Step
from gateway.ports.cards import FACTORY, CardGarbledError, CardKeys, EncodePlan

_DELETE, _RESTORE, _CHECK = range(3)
_STEPS: Final = ("Take the number off", "Give back the factory's key", "See that it is blank")


def wipe_steps(plan: EncodePlan) -> Sequence[str]:  # noqa: ARG001  # the same for every card of this kind
    """What :func:`wipe` does, step by step."""
    return _STEPS


def wipe(plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
    """Other applications on the card stay. Returns when the factory's key opens the card and ours is off it."""
    access = Access.by_plan(plan, keys, random)
    yield Step(_DELETE)
    yield from select_application(PICC)
    version = yield from key_version(None, 0)
    session = yield from access.open_card(version)
    yield from access.require_same_card()
    session = yield from _delete(session, access, version, plan.templates.desfire.aid)
    yield Step(_RESTORE)
    yield from access.require_same_card()
    yield from change_key_settings(session, FACTORY_SETTINGS)
    if version != FACTORY:
        yield from change_key(session, 0, FACTORY_KEY, FACTORY, kind=KeyKind.DES)
    yield Step(_CHECK)
    session = yield from access.open_card(FACTORY)
    if plan.templates.desfire.aid in (yield from application_ids(session)):
        raise CardGarbledError("Our application is still on the card: wipe it again, or throw it away.")


def _delete(session: Session, access: Access, version: int, aid: bytes) -> Procedure[Session]:
    """Formatting gives the memory back, but takes what others put there, and may be forbidden."""
    there = yield from application_ids(session)
    if there == [aid]:
        try:
            yield from format_picc(session)
        except DesfireRefusedError as error:
            if error.status != Status.PERMISSION_DENIED:
                raise
            session = yield from access.open_card(version)  # an error ends the session
            yield from delete_application(session, aid)
    elif aid in there:
        yield from delete_application(session, aid)
    return session
