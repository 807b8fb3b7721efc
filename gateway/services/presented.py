"""A card that may not pass was presented: which one it is, and whether somebody must look (R-GATE-9)."""

from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.card import CardState
from gateway.domain.identity import Identity, IdentityForm, IdentityKind
from gateway.services import card_views
from gateway.services.card_views import CardView
from gateway.services.keys import Keys
from gateway.services.projection import identities_of
from gateway.storage.tables import cards, list_entries

ALARMING: Final = frozenset(
    {
        CardState.FROZEN,
        CardState.PROVISIONAL_LOST,
        CardState.LOST,
        CardState.CONFISCATED,
        CardState.RETURNED,
        CardState.EXCHANGED,
        CardState.CANCELLED,
        CardState.SCRAPPED,
    }
)
"""States in which a card should not be in anybody's hand, or not in this one's."""

_FORMS: Final = {
    IdentityKind.UID: (IdentityForm.UID,),
    IdentityKind.SECURE: (IdentityForm.SECURE,),
    IdentityKind.WIEGAND: (
        IdentityForm.W26,
        IdentityForm.W26_REVERSED,
        IdentityForm.W34,
        IdentityForm.W34_REVERSED,
    ),
}


def presented_denied(conn: Connection, keys: Keys, identity: Identity) -> CardView | None:
    """The card behind what a reader of the gateway saw: by any list, or else by all its forms."""
    return _listed(conn, keys.list(identity)) or card_views.by_identity(conn, identity)


def presented_key(conn: Connection, keys: Keys, key: bytes) -> CardView | None:
    """The card behind a credential key that a controller reported.

    A card that is on no list any more is found by making the keys of all cards that are not active.
    """
    listed = _listed(conn, key)
    if listed is not None:
        return listed
    forms = _FORMS.get(IdentityKind(key[0]), ()) if key[0] in set(IdentityKind) else ()
    query = select(cards.c.id, cards.c.uid, cards.c.secure_number).where(
        cards.c.state.not_in([CardState.ACTIVE.value, CardState.BLANK.value])
    )
    for row in conn.execute(query.order_by(cards.c.id.desc())):
        if any(keys.list(identity) == key for identity in identities_of(forms, row.uid, row.secure_number)):
            return card_views.get(conn, row.id)
    return None


def _listed(conn: Connection, key: bytes) -> CardView | None:
    credential = conn.execute(select(list_entries.c.credential).where(list_entries.c.key == key)).scalar()
    return None if credential is None else card_views.get(conn, int(credential.partition(":")[2]))
