"""What a virtual card keeps without power, in a JSON file: killing the simulator is like lifting the card.

The file holds the card's keys in clear: it is a toy card, its keys open nothing else.
"""

import json
import os
from pathlib import Path
from typing import Any, Protocol

from gateway.domain.errors import ConflictError, MalformedError
from simulators.devices.vcard import CardLogic

_FORMAT = 1


class StoredCard(CardLogic, Protocol):
    """A card with a memory."""

    @property
    def uid(self) -> bytes:
        """4, 7 or 10 bytes."""

    def dump(self) -> dict[str, Any]:
        """What it keeps without power, for JSON."""

    def load(self, state: dict[str, Any]) -> None:
        """Takes back what :meth:`dump` gave."""


class Remembered:
    """Implements StoredCard over another one: saves it before an answer leaves that tells of a change."""

    def __init__(self, card: StoredCard, kind: str, path: Path) -> None:
        """Takes the card's memory from the file when there is one.

        Raises ConflictError when another card is in the file, MalformedError when the file is none of ours, OSError.
        """
        self._card = card
        self._uid = card.uid  # a card that was told to show random ones does so only after its memory is loaded
        self._kind = kind
        self._path = path
        if (known := read(path)) is None:
            self._saved = card.dump()
            self._save()
        else:
            _require_same(known, kind, card.uid, path)
            _take_back(card, known, path)
            self._saved = card.dump()

    @property
    def uid(self) -> bytes:
        """The one it was made with."""
        return self._uid

    def atr(self) -> bytes:
        """The card's."""
        return self._card.atr()

    def answer(self, apdu: bytes) -> bytes:
        """The card's, once everything it changed is in the file."""
        reply = self._card.answer(apdu)
        now = self._card.dump()
        if now != self._saved:
            self._saved = now
            self._save()
        return reply

    def reset(self) -> None:
        """Power off and on."""
        self._card.reset()

    def dump(self) -> dict[str, Any]:
        """The card's."""
        return self._card.dump()

    def load(self, state: dict[str, Any]) -> None:
        """The file follows at the next command."""
        self._card.load(state)

    def _save(self) -> None:
        text = json.dumps(
            {"format": _FORMAT, "kind": self._kind, "uid": self._uid.hex(), "card": self._saved}, indent=1
        )
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        # No fsync: the simulator may be killed at any time, but a power cut of the whole machine is not played.
        beside.write_text(text, encoding="ascii")
        beside.replace(self._path)


def read(path: Path) -> dict[str, Any] | None:
    """``{kind, uid, card}`` from a state file, or None without one. Raises MalformedError, OSError."""
    try:
        known = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _unreadable(path) from error
    if not isinstance(known, dict) or known.get("format") != _FORMAT or not {"kind", "uid", "card"} <= known.keys():
        raise _unreadable(path)
    return known


def _take_back(card: StoredCard, known: dict[str, Any], path: Path) -> None:
    try:
        card.load(known["card"])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise _unreadable(path) from error


def _require_same(known: dict[str, Any], kind: str, uid: bytes, path: Path) -> None:
    if known["kind"] != kind:
        raise ConflictError("%(path)s holds a card of the kind %(kind)s.", path=path, kind=known["kind"])
    if known["uid"] != uid.hex():
        raise ConflictError("%(path)s holds the card %(uid)s.", path=path, uid=known["uid"])


def _unreadable(path: Path) -> MalformedError:
    return MalformedError("%(path)s is not the state of a virtual card.", path=path)
