"""What may not pass was presented: which card it is, or imitates, and whether somebody must look (R-GATE-9)."""

from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.card import CardState
from gateway.domain.identity import Identity, IdentityForm, IdentityKind
from gateway.services import card_views
from gateway.services.card_faces import CardFaces
from gateway.services.card_views import CardView
from gateway.services.keys import Keys
from gateway.services.projection import identities_of
from gateway.storage.tables import areas, cards, list_entries, portals

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


# --- Copies ---------------------------------------------------------------------------------------


def imitated(conn: Connection, identity: Identity, portal: str) -> CardView | None:
    """The card that a reader of the gateway was shown a copy of; None when nothing points to one.

    The UID (or the number that some readers make of it) of a card with a number in our application, at a gate that
    asks for that number: whoever shows it there has the UID and not the card, whether the card may pass there or not.
    Only where another list of the gate knows the card by its UID is it the card itself.
    """
    return next((card for card in card_views.secured(conn, identity) if _only_secured_at(conn, card, portal)), None)


def imitated_key(conn: Connection, faces: CardFaces, key: bytes, portal: str) -> CardView | None:
    """The same for a credential key that a controller refused."""
    found = (card_views.get(conn, card_id) for card_id in faces.cards_of(conn, key))
    return next((card for card in found if _only_secured_at(conn, card, portal)), None)


def _only_secured_at(conn: Connection, card: CardView, portal: str) -> bool:
    names = conn.execute(select(portals.c.lists).where(portals.c.id == portal)).scalar() or []
    forms = conn.execute(select(areas.c.forms).where(areas.c.id.in_(names))).scalars()
    if card.state is not CardState.ACTIVE or not any(IdentityForm.SECURE in asked for asked in forms):
        return False
    e = list_entries.c
    keys = conn.execute(select(e.key).where(e.credential == card.credential, e.list.in_(names))).scalars()
    return all(bytes(key)[0] == IdentityKind.SECURE for key in keys)


def _listed(conn: Connection, key: bytes) -> CardView | None:
    credential = conn.execute(select(list_entries.c.credential).where(list_entries.c.key == key)).scalar()
    return None if credential is None else card_views.get(conn, int(credential.partition(":")[2]))
