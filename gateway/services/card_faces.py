"""The faces that a card with a number of its own does not open doors with: by them its copies are known.

A controller reports only the key of what it refused. A UID or Wiegand key of a secured card is on no list, so the
keys are made here once for each UID and kept in memory.
"""

import threading
from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.card import CardState
from gateway.domain.identity import IdentityForm, IdentityKind, KeyMaker
from gateway.services.projection import identities_of
from gateway.storage.tables import cards

_FACES: Final = {
    IdentityKind.UID: (IdentityForm.UID,),
    IdentityKind.WIEGAND: (
        IdentityForm.W26,
        IdentityForm.W26_REVERSED,
        IdentityForm.W34,
        IdentityForm.W34_REVERSED,
    ),
}


class CardFaces:
    """From a key to the cards with a number of their own that have this face. Safe to call from any thread.

    Looks at the cards again only after :meth:`lists_changed`, and makes keys only for cards it has not met: a refused
    card costs one look into a dictionary. What such a card may open, and whether it is active, its lists say.
    """

    def __init__(self, key_of: KeyMaker) -> None:
        self._faces = {kind: _Faces(key_of, forms) for kind, forms in _FACES.items()}
        self._lock = threading.Lock()

    def lists_changed(self) -> None:
        """Some card opens other doors than before."""
        for faces in self._faces.values():
            faces.changes += 1

    def cards_of(self, conn: Connection, key: bytes) -> list[int]:
        """The ids of cards with a number whose UID, or the number that some readers make of it, gives this key."""
        faces = self._faces.get(IdentityKind(key[0])) if key[0] in set(IdentityKind) else None
        if faces is None:
            return []
        with self._lock:
            return faces.cards_of(conn, key)


class _Faces:
    """One kind of face: sites whose controllers report no Wiegand keys never make any."""

    def __init__(self, key_of: KeyMaker, forms: tuple[IdentityForm, ...]) -> None:
        self.changes = 0
        self._seen = -1
        self._key_of = key_of
        self._forms = forms
        self._uids: dict[int, bytes] = {}
        self._cards: dict[bytes, set[int]] = {}

    def cards_of(self, conn: Connection, key: bytes) -> list[int]:
        changes = self.changes
        if self._seen != changes:
            self._look(conn)
            self._seen = changes  # not before: a look that failed is no look
        return sorted(self._cards.get(key, ()))

    def _look(self, conn: Connection) -> None:
        """Cards that are being written were never at a gate, and may leave the books without a trace."""
        c = cards.c
        numbered = (c.secure_number.is_not(None), c.uid.is_not(None), c.state != CardState.RESERVED.value)
        query = select(c.id, c.uid).where(*numbered)
        for card_id, uid in conn.execute(query):
            if self._uids.get(card_id) != uid:
                self._meet(card_id, bytes(uid))

    def _meet(self, card_id: int, uid: bytes) -> None:
        before = self._uids.get(card_id)
        for key in self._keys(before) if before else ():
            self._cards[key].discard(card_id)
        self._uids[card_id] = uid
        for key in self._keys(uid):
            self._cards.setdefault(key, set()).add(card_id)

    def _keys(self, uid: bytes) -> set[bytes]:
        return {self._key_of(identity) for identity in identities_of(self._forms, uid, None)}
