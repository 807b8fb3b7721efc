"""The box of cards on the bench: what a person can take into the hand. Kept in files over restarts."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.domain.identity import parse_uid
from simulators.cards import state
from simulators.cards.catalogue import draw_uid, make
from simulators.cards.mortal import Mortal

UID_ONLY: Final = "uid"
KINDS: Final = ("desfire-ev2", "desfire-ev1", "fmcos", "classic", UID_ONLY)
"""The blank cards that can be bought, by their names in simulators.cards.catalogue."""


@dataclass(frozen=True, slots=True)
class BenchCard:
    """A piece of plastic. ``uid`` is hexadecimal in capitals; a ``copied`` one has the UID of another card.

    ``id``: the UID, and for a copy what tells it from the card it imitates.
    """

    uid: str
    label: str
    kind: str = UID_ONLY
    copied: int = 0

    @property
    def id(self) -> str:
        """What a hand takes it by."""
        return f"{self.uid}-{self.copied}" if self.copied else self.uid


class CardBox:
    """All cards at hand, in the order they came."""

    def __init__(self, path: Path, plastic: Path, random: Callable[[int], bytes] = os.urandom) -> None:
        """``path``: which cards there are; ``plastic``: a directory for what stands on them."""
        self._path = path
        self._plastic = plastic
        self._random = random
        known = [BenchCard(**card) for card in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
        self._own = {card.id: card for card in known}
        self._stock: dict[str, BenchCard] = {}
        self._lives: dict[str, Mortal] = {}

    def stock(self, cards: list[BenchCard]) -> None:
        """Cards that the gateway knows lie in front of those that a person brought."""
        self._stock = {card.id: card for card in cards if card.id not in self._own}

    def all(self) -> list[BenchCard]:
        """Every card."""
        return [*self._stock.values(), *self._own.values()]

    def take(self, card: str) -> BenchCard:
        """One card, or NotFoundError."""
        found = self._stock.get(card) or self._own.get(card)
        if found is None:
            raise NotFoundError("There is no card %(uid)s in the box.", uid=card)
        return found

    def life(self, card: BenchCard) -> Mortal:
        """The card itself, the same one each time: what was written on it stays there."""
        if card.id not in self._lives:
            plain = make(card.kind, bytes.fromhex(card.uid))
            self._lives[card.id] = Mortal(plain if card.kind == UID_ONLY else self._kept(plain, card))
        return self._lives[card.id]

    def _kept(self, plain: state.StoredCard, card: BenchCard) -> state.StoredCard:
        self._plastic.mkdir(mode=0o700, parents=True, exist_ok=True)
        return state.Remembered(plain, card.kind, self._plastic / f"{card.id}.json")

    # --- New cards ---

    def add(self, text: str) -> BenchCard:
        """A card of nothing but the UID that was typed. Raises MalformedError or ConflictError."""
        uid = parse_uid(text).hex().upper()
        if uid in self._stock or uid in self._own:
            raise ConflictError("Card %(uid)s is in the box already.", uid=uid)
        return self._keep(BenchCard(uid, "＋"))

    def blank(self, kind: str) -> BenchCard:
        """A new card as the factory made it, from a roll that nobody has used before."""
        if kind not in KINDS:
            raise MalformedError("There are no cards of the kind %(kind)s to be had.", kind=kind[:40])
        while (uid := draw_uid(kind, self._random).hex().upper()) in self._own | self._stock:
            pass
        return self._keep(BenchCard(uid, "＋", kind))

    def copy(self, card: str) -> BenchCard:
        """What a cloner makes: a card that shows the same UID, and has nothing else to show."""
        original = self.take(card)
        copies = [one.copied for one in self._own.values() if one.uid == original.uid]
        return self._keep(BenchCard(original.uid, "＋", UID_ONLY, max(copies, default=0) + 1))

    def _keep(self, card: BenchCard) -> BenchCard:
        self._own[card.id] = card
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(c) for c in self._own.values()], ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)
        return card
