"""The faces that a card with a number of its own does not open doors with: by them its copies are known.

A controller reports only the key of what it refused. A UID or Wiegand key of a secured card is on no list, so the
keys are made here once for each UID and kept in memory.
"""

import threading
from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.card import CardState
from gateway.domain.identity import IdentityForm, KeyMaker
from gateway.services.projection import identities_of
from gateway.storage.tables import cards

_FACES: Final = (
    IdentityForm.UID,
    IdentityForm.W26,
    IdentityForm.W26_REVERSED,
    IdentityForm.W34,
    IdentityForm.W34_REVERSED,
)


class CardFaces:
    """From a key to the active secured cards with that face. Safe to call from any thread.

    Looks at the cards again only after :meth:`lists_changed`, and makes keys only for UIDs it has not met: a refused
    card costs one look into a dictionary.
    """

    def __init__(self, key_of: KeyMaker) -> None:
        self._key_of = key_of
        self._keys: dict[bytes, tuple[bytes, ...]] = {}
        self._cards: dict[bytes, list[int]] = {}
        self._stale = True
        self._lock = threading.Lock()

    def lists_changed(self) -> None:
        """Some card opens other doors than before."""
        self._stale = True

    def cards_of(self, conn: Connection, key: bytes) -> list[int]:
        """The ids of secured cards whose UID, or the number that some readers make of it, gives this key."""
        with self._lock:
            if self._stale:
                self._stale = False
                self._look(conn)
            return self._cards.get(key, [])

    def _look(self, conn: Connection) -> None:
        c = cards.c
        query = select(c.id, c.uid).where(
            c.state == CardState.ACTIVE.value, c.secure_number.is_not(None), c.uid.is_not(None)
        )
        found: dict[bytes, list[int]] = {}
        met: dict[bytes, tuple[bytes, ...]] = {}
        for card_id, uid in conn.execute(query):
            met[bytes(uid)] = keys = self._keys.get(bytes(uid)) or self._make(bytes(uid))
            for key in keys:
                found.setdefault(key, []).append(card_id)
        self._keys, self._cards = met, found

    def _make(self, uid: bytes) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys(self._key_of(identity) for identity in identities_of(_FACES, uid, None)))
