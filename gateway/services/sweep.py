"""What time alone changes: cards that expire, and rights whose next piece begins."""

from sqlalchemy import select

from gateway.domain.card import CardEvent, CardState
from gateway.services import projection
from gateway.services.card_changes import advance
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, list_entries


def sweep(uow: UnitOfWork, keys: Keys) -> int:
    """Expires cards, and brings up to date what ended on a list; returns how many cards it touched.

    Gates refuse an entry by its own end (R-CARD-20); this clears it away and brings in what follows.
    """
    over = uow.conn.execute(
        select(cards.c.id, cards.c.holder_id).where(
            cards.c.state == CardState.ACTIVE.value, cards.c.valid_until <= uow.now
        )
    ).all()
    projection.lock_people(uow.conn, {row.holder_id for row in over if row.holder_id is not None})
    touched = {row.id for row in over}
    for card_id in sorted(touched):
        advance(uow, card_id, CardEvent.EXPIRE)
    ended = uow.conn.execute(
        select(list_entries.c.credential).where(list_entries.c.valid_until <= uow.now).distinct()
    ).scalars()
    touched |= {int(credential.partition(":")[2]) for credential in ended}
    projection.project_cards(uow, keys, sorted(touched))
    return len(touched)
