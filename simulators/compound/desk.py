"""What the bench asks the gateway for: names of gates, and which cards there are. Read only."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

from simulators.compound.box import UID_ONLY, BenchCard

_TIMEOUT_S = 5


class Desk:
    """The gateway's HTTP face, as the bench uses it. Every method raises OSError while the gateway is away."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def portals(self) -> dict[str, Mapping[str, Any]]:
        """All portals by id."""
        return {portal["id"]: portal for portal in self._get("/api/v1/portals?limit=500")["items"]}

    def cards(self) -> tuple[list[BenchCard], list[str]]:
        """A handful of cards to play with, blank ones first; and the UIDs of all residents' cards that have no more.

        What stands on other cards is in the box of whoever had them written, and nowhere else.
        """
        known = self._get("/api/v1/cards?limit=500")["items"]
        cards = [card for card in known if card["uid"] and card["kind"] == UID_ONLY]
        blank = [BenchCard(_plain(card["uid"]), f"{card['number']} ◇") for card in cards if card["state"] == "blank"]
        active = [card for card in cards if card["state"] == "active"]
        held = [BenchCard(_plain(card["uid"]), f"{card['number']} {card['unit'] or ''}") for card in active]
        return [*blank[:6], *held[:4]], [card.uid for card in held]

    def _get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        request = Request(self._url + path, headers=headers)  # noqa: S310 - the URL is the demo's own, on loopback
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
            return json.load(answer)


def _plain(uid: str) -> str:
    return uid.replace(":", "").replace(" ", "").upper()
