"""The box of cards on the bench: what a person can take into the hand. Kept in a file over restarts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.domain.identity import parse_uid


@dataclass(frozen=True, slots=True)
class BenchCard:
    """A piece of plastic. ``uid`` is hexadecimal in capitals."""

    uid: str
    label: str


class CardBox:
    """All cards at hand, in the order they came."""

    def __init__(self, path: Path, first: list[BenchCard]) -> None:
        self._path = path
        known = [BenchCard(**card) for card in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
        self._cards = {card.uid: card for card in (*first, *known)}

    def all(self) -> list[BenchCard]:
        """Every card."""
        return list(self._cards.values())

    def take(self, uid: str) -> BenchCard:
        """One card, or NotFoundError."""
        try:
            return self._cards[uid]
        except KeyError:
            raise NotFoundError("There is no card %(uid)s in the box.", uid=uid) from None

    def add(self, text: str) -> BenchCard:
        """A new card with a UID as typed. Raises MalformedError or ConflictError."""
        uid = parse_uid(text).hex().upper()
        if uid in self._cards:
            raise ConflictError("Card %(uid)s is in the box already.", uid=uid)
        card = self._cards[uid] = BenchCard(uid, "＋")
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(c) for c in self._cards.values()], ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)
        return card
