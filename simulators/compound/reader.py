"""What the readers at the gates make of a card: an installer gave those of the demo the keys to read with."""

import json
from pathlib import Path
from typing import Self

from drivers.cards.work import CardDesk
from gateway.domain.card_template import CardTemplates
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports.cards import CardKeys, CardKeySet, KeyPurpose
from simulators.cards.inprocess import InProcess
from simulators.devices.vcard import CardLogic


class ReadKeys:
    """The memory of the readers. Reads with the drivers of the project: a reader is no second opinion on them."""

    def __init__(self, site_number: int, keys: CardKeys | None) -> None:
        self._desk = CardDesk(site_number)
        self._keys = keys

    @classmethod
    def load(cls, file: Path) -> Self:
        """From the file that gateway/daemon/demo_cards.py describes; a reader without one knows UIDs only."""
        if not file.exists():
            return cls(0, None)
        told = json.loads(file.read_text(encoding="utf-8"))
        sets = {
            int(version): CardKeySet(int(version), {KeyPurpose(name): bytes.fromhex(key) for name, key in keys.items()})
            for version, keys in told["versions"].items()
        }
        return cls(told["site_number"], CardKeys(told["current"], sets))

    async def read(self, card: CardLogic) -> Identity:
        """The number in our application, else the UID.

        Raises CardError when the card cannot be trusted or its state is unclear: then a reader sends nothing.
        """
        reading = await self._desk.read(InProcess(card), self._keys, CardTemplates())
        if reading.data is None:
            return Identity(IdentityKind.UID, reading.uid)
        return Identity(IdentityKind.SECURE, reading.data.number)
