"""What an FMCOS card is to us, at the desk and at a gate; nothing on it is changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.cards import record
from drivers.cards.exchange import Procedure
from drivers.cards.fmcos import layout
from drivers.cards.fmcos.application import has_record, has_short_main_key, read_record, run, select_df
from drivers.cards.fmcos.opening import Opened, WrongKeyError, open_main, open_read, prove
from drivers.cards.fmcos.protocol import commands
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import WRONG_KEYS_A_TAP, Tries
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates, FmcosTemplate
from gateway.ports.cards import (
    FACTORY,
    CardForeignError,
    CardGarbledError,
    CardKeys,
    CardLockedError,
    FoundCard,
    FoundState,
    KeyPurpose,
)

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Seen:
    state: FoundState
    data: CardData | None = None
    version: int | None = None
    tries_left: int | None = None


def look(
    uid: bytes,
    kind: CardKind,
    keys: CardKeys | None,
    templates: CardTemplates,
    *,
    site_number: int,
    random: Random,
) -> Procedure[FoundCard]:
    """As CardWork.look. A card without our DF counts as blank: no key is tried on it before somebody wants it written.

    The factory's main key has three tries, and transit and bank cards of strangers lie on encoders too.
    """
    secrets = CardSecrets.all_of(keys, uid, kind, templates, site_number) if keys else {}
    looking = _Looking(uid, templates.fmcos, list(secrets.values()), random)
    try:
        seen = yield from looking.look()
    except CardLockedError as error:
        left = error.params.get("left")
        seen = _Seen(FoundState.LOCKED, tries_left=left if isinstance(left, int) else None)
    except WrongKeyError as error:
        seen = _Seen(FoundState.FOREIGN, tries_left=error.left)
    except CardForeignError:
        seen = _Seen(FoundState.FOREIGN)
    return FoundCard(uid, kind, seen.state, seen.data, seen.version, seen.tries_left)


def read_number(
    uid: bytes, kind: CardKind, keys: CardKeys, templates: CardTemplates, *, site_number: int, random: Random
) -> Procedure[CardData | None]:
    """The data once reader and card have proved themselves to each other; None for a card that is not ours.

    A copy is not ours: it cannot prove itself, or its CMAC is another card's. Raises CardRefusedError,
    CardGarbledError, CardLockedError when the card could not be read.
    """
    if not (yield from select_df(templates.fmcos)):
        return None
    known = CardSecrets.all_of(keys, uid, kind, templates, site_number)
    looking = _Looking(uid, templates.fmcos, list(known.values()), random)
    try:
        secrets = yield from looking.open_read()
    except WrongKeyError:
        return None
    if secrets is None or not (yield from looking.is_genuine(secrets)):
        return None
    return (yield from looking.read(secrets))


class _Looking:
    """One look at one card."""

    def __init__(self, uid: bytes, template: FmcosTemplate, secrets: Sequence[CardSecrets], random: Random) -> None:
        self._uid = uid
        self._template = template
        self._secrets = secrets
        self._random = random
        self._tries = Tries()

    def look(self) -> Procedure[_Seen]:
        """Raises CardForeignError, CardLockedError among others."""
        if not (yield from select_df(self._template)):
            return _Seen(FoundState.BLANK)
        secrets = yield from self.open_read()
        if secrets is not None:
            return (yield from self._judge(secrets))
        is_short = yield from has_short_main_key(self._template)
        has_file = yield from has_record()
        yield from run(commands.select(commands.MF))
        candidates = [*self._secrets] if has_file else [None, *self._secrets]
        candidates = candidates[:WRONG_KEYS_A_TAP]
        version = yield from open_main(candidates, self._template, self._tries, is_short=is_short)
        return _Seen(FoundState.BLANK) if version == FACTORY else _Seen(FoundState.TORN, version=version)

    def open_read(self) -> Procedure[CardSecrets | None]:
        """In the selected DF; None when it knows none of our versions, which costs no try. Raises WrongKeyError."""
        for secrets in self._secrets:
            if (yield from open_read(secrets, self._template, self._tries)) is Opened.YES:
                return secrets
        return None

    def is_genuine(self, secrets: CardSecrets) -> Procedure[bool]:
        """Whether the card proves itself."""
        try:
            return (yield from prove(secrets, self._random(layout.CHALLENGE_SIZE)))
        except CardGarbledError:
            return False

    def read(self, secrets: CardSecrets) -> Procedure[CardData | None]:
        """After :meth:`open_read`; None when the CMAC is not this card's."""
        sealed = yield from read_record()
        try:
            return record.open(sealed, self._uid, secrets[KeyPurpose.ISSUER])
        except CardGarbledError:
            return None

    def _judge(self, secrets: CardSecrets) -> Procedure[_Seen]:
        if not (yield from prove(secrets, self._random(layout.CHALLENGE_SIZE))):
            return _Seen(FoundState.TORN, version=secrets.version)
        data = yield from self.read(secrets)
        return _Seen(FoundState.OURS if data else FoundState.TORN, data, secrets.version)
