"""The card master keys in clear, for as long as a piece of work takes to ask for them."""

from typing import Protocol

from gateway.ports.cards import CardKeys
from gateway.services import card_keys
from gateway.signing.keyring import Keyring
from gateway.storage.store import Store


class CardKeySource(Protocol):
    """Where work on cards gets its keys."""

    def keys(self) -> CardKeys | None:
        """The keys of now, or None before the site has any. May block: for a thread."""


class CardBook:
    """Reads the keys again when the store has others: a set made or retired on the command line counts at once."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring
        self._known: tuple[card_keys.Generation, CardKeys | None] | None = None

    def __repr__(self) -> str:
        return "CardBook(…)"

    def keys(self) -> CardKeys | None:
        """Raises UnsealError with the wrong keyring."""
        with self._store.read() as conn:
            generation = card_keys.generation(conn)
            known = self._known
            if known is None or known[0] != generation:
                known = self._known = (generation, card_keys.load(conn, self._keyring))
        return known[1]
