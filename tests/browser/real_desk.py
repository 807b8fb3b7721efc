"""A desk that truly writes cards: the gateway's own worker and drivers over virtual cards, behind the served pages."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drivers.cards.work import CardDesk
from gateway.domain.card_template import CardTemplates
from gateway.ports import CardOnEncoder, DeviceRefusedError
from gateway.runtime.card_book import CardBook
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.encode_run import EncodeRunner
from gateway.runtime.encoders import Encoders
from gateway.runtime.house import House
from gateway.runtime.supervision import Job
from gateway.services import card_keys
from gateway.storage.store import SYSTEM
from simulators.cards.catalogue import draw_uid, make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from tests.browser.server import Site, served

if TYPE_CHECKING:
    from gateway.runtime.devices import Devices
    from gateway.runtime.hub import EventHub


class Hand:
    """The encoder "desk" and the hand above it (ports.CardEncoder)."""

    name = "desk"

    def __init__(self, sink: Encoders, loop: asyncio.AbstractEventLoop) -> None:
        self._sink, self._loop = sink, loop
        self._card: InProcess | None = None

    async def run(self) -> None:
        """Nothing of its own."""

    def card(self) -> InProcess:
        """Raises DeviceRefusedError when none lies there."""
        if self._card is None:
            raise DeviceRefusedError("No card lies on %(device)s.", device=self.name)
        return self._card

    def lay(self, card: Mortal, uid: bytes) -> None:
        """From any thread."""

        def put() -> None:
            self._card = InProcess(card)
            self._sink.card_laid(self.name, CardOnEncoder(uid))

        self._loop.call_soon_threadsafe(put)

    def lift(self) -> None:
        """From any thread."""

        def take() -> None:
            self._card = None
            self._sink.card_lifted(self.name)

        self._loop.call_soon_threadsafe(take)


@dataclass
class RealSite:
    """A served compound whose cards are written, and the hand."""

    site: Site
    hand: Hand


def blank(kind: str = "desfire-ev2") -> tuple[Mortal, bytes]:
    """A card as the factory made it, and its UID."""
    uid = draw_uid(kind, os.urandom)
    return Mortal(make(kind, uid)), uid


@contextmanager
def writing_site(directory: Path) -> Iterator[RealSite]:
    """The compound with card keys and one encoder."""
    hands: list[Hand] = []

    def furnish(house: House) -> tuple[House, Job]:
        with house.store.write(SYSTEM) as uow:
            card_keys.create(uow, house.keyring, os.urandom)
        hub, work = cast("EventHub", house.hub), CardDesk(house.keys.site_number)
        encoders = Encoders(hub, cast("Devices", house.devices), ["desk"])
        book = CardBook(house.store, house.keyring)
        runner = EncodeRunner(house.store, house.keys, book, work, hub)
        desk = EncodeDesk(
            store=house.store, encoders=encoders, runner=runner, work=work, card_keys=book, templates=CardTemplates()
        )
        hands.append(Hand(encoders, asyncio.get_running_loop()))
        desk.attach(hands[0])
        return replace(house, encoders=encoders, encoding=desk), Job("desk", partial(desk.serve, "desk"))

    with served(directory, furnish=furnish) as site:
        yield RealSite(site, hands[0])
