"""What a DESFire card is to us. Changes nothing on it, and tries at most one key that may be wrong."""

from drivers.cards import record
from drivers.cards.desfire.access import Access
from drivers.cards.desfire.layout import MASTER, MODE, NUMBER_FILE, READ
from drivers.cards.desfire.protocol.authenticate import Random
from drivers.cards.desfire.protocol.commands.applications import PICC, application_ids, select_application
from drivers.cards.desfire.protocol.commands.content import read_data
from drivers.cards.desfire.protocol.commands.keys import key_version
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.exchange import Procedure
from drivers.cards.secrets import CardSecrets
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import FACTORY, CardForeignError, CardGarbledError, CardKeys, FoundCard, FoundState


def look(
    uid: bytes,
    kind: CardKind,
    keys: CardKeys | None,
    templates: CardTemplates,
    *,
    site_number: int,
    random: Random,
) -> Procedure[FoundCard]:
    """Without ``keys`` a card of ours is FOREIGN."""
    secrets = CardSecrets.all_of(keys, uid, kind, templates, site_number) if keys else {}
    access = Access(uid, kind, secrets, random)
    try:
        if (yield from _select(templates)):
            state, version, data = yield from _look_into_application(access)
        else:
            state, version, data = yield from _look_at_card(access)
    except CardForeignError:
        return FoundCard(uid, kind, FoundState.FOREIGN)
    return FoundCard(uid, kind, state, data, version)


def read_number(
    uid: bytes,
    kind: CardKind,
    keys: CardKeys,
    templates: CardTemplates,
    *,
    site_number: int,
    random: Random,
) -> Procedure[CardData | None]:
    """What a gate asks: the number, by the read key alone. None when it is no card of ours, whatever its UID says.

    Raises CardError when it could not be read.
    """
    if not (yield from _select(templates)):
        return None
    access = Access(uid, kind, CardSecrets.all_of(keys, uid, kind, templates, site_number), random)
    version = keys.current if len(keys.sets) == 1 else (yield from key_version(None, READ))
    if version == FACTORY:
        return None
    try:
        sealed = yield from _read_sealed(access, version)
    except CardForeignError:
        return None
    try:
        return access.open_record(sealed)
    except (CardForeignError, CardGarbledError):
        return None


def _select(templates: CardTemplates) -> Procedure[bool]:
    try:
        yield from select_application(templates.desfire.aid)
    except DesfireRefusedError as error:
        if error.status == Status.APPLICATION_NOT_FOUND:
            return False
        raise
    return True


def _look_at_card(access: Access) -> Procedure[tuple[FoundState, int | None, CardData | None]]:
    """Our application is not there: a blank card, or one whose wiping was broken off."""
    yield from select_application(PICC)
    version = yield from key_version(None, 0)
    session = yield from access.open_card(version)
    if version != FACTORY:
        return FoundState.TORN, version, None
    others = yield from application_ids(session)
    return (FoundState.FOREIGN if others else FoundState.BLANK), None, None


def _look_into_application(access: Access) -> Procedure[tuple[FoundState, int | None, CardData | None]]:
    """The master key changes last: when it has the version of the data, the card is whole."""
    master = yield from key_version(None, MASTER)
    if master == FACTORY:
        yield from access.open_application(MASTER, FACTORY)
        return FoundState.TORN, None, None
    version = yield from key_version(None, READ)
    sealed = yield from _read_sealed(access, version)
    try:
        data = access.open_record(sealed)
    except CardGarbledError:
        return FoundState.TORN, version, None
    is_whole = data.key_version == master == version
    return (FoundState.OURS if is_whole else FoundState.TORN), version, data


def _read_sealed(access: Access, version: int) -> Procedure[bytes]:
    session = yield from access.open_application(READ, version)
    return (yield from read_data(session, NUMBER_FILE, 0, record.SIZE, MODE))
