"""What a MIFARE Classic card is to us, at the desk and at a gate; nothing on it is changed."""

from collections.abc import Callable, Sequence

from drivers.cards.classic import layout
from drivers.cards.classic.sector import BLANK, Opener, Sector, reader
from drivers.cards.exchange import Procedure
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import WRONG_KEYS_A_TAP, Tries
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import FACTORY, CardForeignError, CardKeys, FoundCard, FoundState

Random = Callable[[int], bytes]


def look(
    uid: bytes,
    kind: CardKind,
    keys: CardKeys | None,
    templates: CardTemplates,
    *,
    site_number: int,
    random: Random,  # noqa: ARG001 - CRYPTO1 is the reader's business
) -> Procedure[FoundCard]:
    """As CardWork.look.

    Nothing on the card says its version before it is opened, so only two keys come into question: those of the likely
    version (CardKeys.likely) and the current one, or the current one's and the factory's.
    """
    known = CardSecrets.all_of(keys, uid, kind, templates, site_number) if keys else {}
    sector = Sector(templates.classic.sector, Tries())
    try:
        opened = yield from sector.open_any(_openers([*known.values()], keys.likely if keys else None))
    except CardForeignError:
        return FoundCard(uid, kind, FoundState.FOREIGN)
    block = yield from sector.read(0)
    if opened == FACTORY:
        is_torn = any(layout.read_data(block, uid, secrets, site_number) for secrets in known.values())
        return FoundCard(uid, kind, FoundState.TORN if is_torn else FoundState.BLANK)
    data = layout.read_data(block, uid, known[opened], site_number)
    return FoundCard(uid, kind, FoundState.OURS if data else FoundState.TORN, data, opened)


def read_number(
    uid: bytes,
    kind: CardKind,
    keys: CardKeys,
    templates: CardTemplates,
    *,
    site_number: int,
    random: Random,  # noqa: ARG001 - CRYPTO1 is the reader's business
) -> Procedure[CardData | None]:
    """The data, by key A alone; None when no key of ours opens the sector, or the CMAC is another card's.

    ``issued_at`` is 0: it does not stand on the card. Raises CardRefusedError, CardGarbledError.
    """
    known = CardSecrets.all_of(keys, uid, kind, templates, site_number)
    sector = Sector(templates.classic.sector, Tries())
    try:
        opened = yield from sector.open_any([reader(s) for s in known.values()][:WRONG_KEYS_A_TAP])
    except CardForeignError:
        return None
    return layout.read_data((yield from sector.read(0)), uid, known[opened], site_number)


def _openers(known: Sequence[CardSecrets], likely: int | None) -> Sequence[Opener]:
    ours = [reader(secrets) for secrets in known]
    is_known = any(opener.version == likely for opener in ours)
    return ([*ours, BLANK] if is_known else [*ours[:1], BLANK])[:WRONG_KEYS_A_TAP]
