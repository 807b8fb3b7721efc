"""What a gate asks of a card, in the fewest commands: people wait, and the card may leave at any moment.

A card that speaks ISO/IEC 14443-4 is asked at once for our application on a DESFire card, of which there are most: its
generation is not asked first, as the desk does, but told by the way in which it authenticates.
"""

from collections.abc import Callable
from typing import Final

from drivers.cards import classic, desfire, fmcos
from drivers.cards.answers import if_it_can
from drivers.cards.desfire.protocol.commands.applications import SELECT_APPLICATION
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.exchange import Procedure
from drivers.cards.identify import is_fmcos, kind_by_reader, lasting_uid
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import CardKeys, GateReading

Random = Callable[[int], bytes]
_KNOWN_TO_DESFIRE: Final = frozenset(Status) - {Status.ILLEGAL_COMMAND}


def read(
    atr: bytes, keys: CardKeys | None, templates: CardTemplates, *, site_number: int, random: Random
) -> Procedure[GateReading]:
    """As CardWork.read."""
    uid = yield from lasting_uid()
    if keys is None:
        return GateReading(uid, None)
    match kind_by_reader(atr):
        case None:
            number = _ask(uid, keys, templates, site_number=site_number, random=random)
        case CardKind.CLASSIC as kind:
            number = classic.read_number(uid, kind, keys, templates, site_number=site_number, random=random)
        case _:
            return GateReading(uid, None)
    return GateReading(uid, (yield from if_it_can(number, None)))


def _ask(
    uid: bytes, keys: CardKeys, templates: CardTemplates, *, site_number: int, random: Random
) -> Procedure[CardData | None]:
    """A card that does not know how to select an application is no DESFire card.

    One that knows, and cannot do it now, must not be taken for another: that is raised.
    """
    kind = CardKind.DESFIRE_EV2  # an older card is found out on the way
    try:
        return (yield from desfire.read_number(uid, kind, keys, templates, site_number=site_number, random=random))
    except DesfireRefusedError as error:
        is_desfire = error.status in _KNOWN_TO_DESFIRE
        if error.ins != SELECT_APPLICATION or is_desfire:
            raise
    if not (yield from is_fmcos()):
        return None
    kind = CardKind.FMCOS
    return (yield from fmcos.read_number(uid, kind, keys, templates, site_number=site_number, random=random))
