"""The card master keys in clear, for as long as a piece of work takes to ask for them."""

from typing import Protocol

from gateway.domain.errors import StoreBusyError, StoreFullError
from gateway.ports.cards import CardKeys
from gateway.services import card_keys
from gateway.signing.keyring import Keyring
from gateway.storage.store import Store

_Known = tuple[card_keys.Generation, CardKeys | None]


class CardKeySource(Protocol):
    """Where work on cards gets its keys."""

    def keys(self) -> CardKeys | None:
        """The keys of now, or None before the site has any. May block: for a thread."""


class CardBook:
    """Reads the keys again when the store has others: a set made or retired on the command line counts at once.

    While the store is away those of before serve on: a gate reads cards then too.
    """

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring
        self._known: _Known | None = None

    def __repr__(self) -> str:
        return "CardBook(…)"

    def keys(self) -> CardKeys | None:
        """Raises UnsealError with the wrong keyring, the store's errors before the keys were read once."""
        try:
            self._known = self._now()
        except (StoreBusyError, StoreFullError):
            if self._known is None:
                raise
        return self._known[1]

    def _now(self) -> _Known:
        with self._store.read() as conn:
            generation, known = card_keys.generation(conn), self._known
            if known is not None and known[0] == generation:
                return known
            return generation, card_keys.load(conn, self._keyring)
