"""Cards issued at a desk through a real pcscd, each beside its bare round trips through the same pcscd.

Runs alone in a namespace; argument: a folder on a disk for the store. Prints what it measured as JSON. The desk is on
one slot of vpcd, the bare trips go through the other: the same commands again, to a card that answers at once what
the first one had answered.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from drivers.cards.work import CardDesk
from drivers.pcsc.encoder import PcscEncoder
from drivers.pcsc.settings import PcscEncoderSettings
from drivers.pcsc.winscard import CardHandle
from gateway.domain.card_data import WRITABLE, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobState
from gateway.domain.person import Proof
from gateway.ports import DeviceRefusedError
from gateway.runtime.card_book import CardBook
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.encode_run import EncodeRunner
from gateway.runtime.encoders import Encoders
from gateway.runtime.hub import EventHub, HubEvent
from gateway.services import card_keys, encode_jobs
from gateway.services.encode_jobs import BatchRow
from gateway.storage.store import Store
from simulators.cards.catalogue import draw_uid, make
from simulators.devices.vcard import VPCD_PORT, CardLogic, UidCard, VirtualCard
from tests.drivers.pcsc.inside_namespace import pcscd
from tests.gateway.runtime import conftest
from tests.gateway.runtime.fakes import MemoryJournal
from tests.gateway.services.small_compound import KEYRING, SUPERVISOR, Compound, build
from tests.stores import SteppedClock

KINDS: Final = sorted(WRITABLE)
EACH: Final = 5
BATCH: Final = 20
HANDS: Final = 5
_DESK, _BARE = "Virtual PCD 00 00", "Virtual PCD 00 01"
_ENCODER: Final = "front"
_WAIT_S: Final = 30
Wanted = Callable[[Mapping[str, object]], bool]


class Watched:
    """Implements CardLogic over another one: what was said to it, since when, and how long it took to answer."""

    def __init__(self, logic: CardLogic) -> None:
        self._logic = logic
        self.said: list[tuple[bytes, bytes]] = []
        self.asked_at = 0.0
        self.took_s = 0.0

    def atr(self) -> bytes:
        return self._logic.atr()

    def answer(self, apdu: bytes) -> bytes:
        start = time.perf_counter()
        self.asked_at = self.asked_at or start
        reply = self._logic.answer(apdu)
        self.took_s += time.perf_counter() - start
        self.said.append((apdu, reply))
        return reply

    def reset(self) -> None:
        self._logic.reset()


class Parrot:
    """Implements CardLogic: gives the answers that it was told, in their order."""

    def __init__(self, atr: bytes, answers: list[bytes]) -> None:
        self._atr = atr
        self._answers = iter(answers)

    def atr(self) -> bytes:
        return self._atr

    def answer(self, apdu: bytes) -> bytes:  # noqa: ARG002 - whatever it is asked
        return next(self._answers)

    def reset(self) -> None:
        """Nothing is remembered."""


async def lay(card: VirtualCard) -> None:
    """Vpcd listens a moment after pcscd started."""
    async with asyncio.timeout(_WAIT_S):
        while True:
            with suppress(OSError):
                return await asyncio.to_thread(card.lay)
            await asyncio.sleep(0.1)


class Desk:
    """The desk as the daemon makes it, on a store on the disk, following a batch."""

    def __init__(
        self, compound: Compound, desk: EncodeDesk, encoder: PcscEncoder, news: AsyncIterator[HubEvent]
    ) -> None:
        self.compound = compound
        self.desk = desk
        self.encoder = encoder
        self._news = news

    @classmethod
    def build(cls, folder: Path, hub: EventHub, encoders: Encoders, news: AsyncIterator[HubEvent]) -> Self:
        store = Store(f"sqlite:///{folder}/desk.db")
        store.migrate()
        compound = build(store, SteppedClock(time.time()))
        with compound.desk(SUPERVISOR) as uow:
            card_keys.create(uow, KEYRING, os.urandom)
        book, work = CardBook(store, KEYRING), CardDesk(compound.keys.site_number)
        desk = EncodeDesk(
            store=store,
            encoders=encoders,
            runner=EncodeRunner(store, compound.keys, book, work, hub),
            work=work,
            card_keys=book,
            templates=CardTemplates(),
        )
        encoder = PcscEncoder(PcscEncoderSettings(_ENCODER, _DESK), encoders)
        desk.attach(encoder)
        return cls(compound, desk, encoder, news)

    def follow(self, cards: int) -> None:
        """A batch of this many cards for one household."""
        rows = [
            BatchRow("3-1-502", "李娜", Proof.OWNER_FILE, receipt=f"R{number}", beyond_quota=True)
            for number in range(cards)
        ]
        with self.compound.desk(SUPERVISOR) as uow:
            batch = encode_jobs.plan_batch(uow, "交付日", rows)
        self.desk.follow(_ENCODER, batch.id, SUPERVISOR)

    async def issue(self, kind: CardKind) -> tuple[Watched, float]:
        """A new card, laid down and lifted when it is active; and the seconds from its first command to that."""
        watched = Watched(make(kind, draw_uid(kind, os.urandom)))
        card = VirtualCard(watched)
        await lay(card)
        await self._until("encode_job", lambda job: job["state"] == JobState.ACTIVE)
        took_s = time.perf_counter() - watched.asked_at
        await self.lift(card)
        return watched, took_s

    async def hand(self) -> float:
        """The seconds to lay a card down and lift it that there is nothing to write on."""
        start = time.perf_counter()
        card = VirtualCard(UidCard(os.urandom(4)))
        await lay(card)
        await self._until("encoder", lambda laid: laid["found"] is not None)
        await self.lift(card)
        return time.perf_counter() - start

    async def lift(self, card: VirtualCard) -> None:
        """Until pcscd has seen it go: it takes a card laid down before that for the old one."""
        await asyncio.to_thread(card.lift)
        await self._until("encoder", lambda laid: laid["uid"] is None)

    async def _until(self, kind: str, wanted: Wanted) -> None:
        async with asyncio.timeout(_WAIT_S):
            async for event in self._news:
                if event.kind == kind and wanted(event.data):
                    return


def bare(watched: Watched) -> float:
    """The seconds that the same commands and answers take, one after the other and with nothing between."""
    card = VirtualCard(Parrot(watched.atr(), [reply for _, reply in watched.said]), port=VPCD_PORT + 1)
    card.lay()
    handle = _connected()
    start = time.perf_counter()
    for apdu, reply in watched.said:
        assert handle.transmit(apdu) == reply
    took_s = time.perf_counter() - start
    handle.close()
    card.lift()
    _wait_until_gone()
    return took_s


def _connected() -> CardHandle:
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            return CardHandle("bare", _BARE)
        except DeviceRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _wait_until_gone() -> None:
    """Else the next card would be taken for this one."""
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        try:
            handle = CardHandle("bare", _BARE)
        except DeviceRefusedError:
            return
        handle.close()
        time.sleep(0.05)
    raise TimeoutError


async def measured(desk: Desk) -> dict[str, object]:
    """Hands alone, then each kind in turn with its bare trips, then a batch without a pause."""
    hands = [await desk.hand() for _ in range(HANDS)]
    desk.follow(len(KINDS) * EACH + BATCH)
    cards = []
    for kind in KINDS * EACH:
        watched, took_s = await desk.issue(kind)
        bare_s = await asyncio.to_thread(bare, watched)
        cards.append(_told(kind, watched, took_s, bare_s))
    start = time.perf_counter()
    its_own = [(await desk.issue(CardKind.DESFIRE_EV2))[0].took_s for _ in range(BATCH)]
    batch_s = time.perf_counter() - start
    return {"hands_s": hands, "cards": cards, "batch_s": batch_s, "batch_its_own_s": sum(its_own)}


def _told(kind: CardKind, watched: Watched, took_s: float, bare_s: float) -> dict[str, object]:
    """One card. ``took_s`` holds ``its_own_s``, the time that the card itself took."""
    times = {"took_s": took_s, "its_own_s": watched.took_s, "bare_s": bare_s}
    return {"kind": kind, "commands": len(watched.said), **times}


async def story(folder: Path) -> dict[str, object]:
    rig = conftest.build(folder / "spill", MemoryJournal())
    encoders = Encoders(rig.hub, rig.devices, [_ENCODER])
    with rig.hub.subscribe() as news, pcscd():
        desk = Desk.build(folder, rig.hub, encoders, news)
        loop = asyncio.get_running_loop()
        running = [loop.create_task(desk.encoder.run()), loop.create_task(desk.desk.serve(_ENCODER))]
        try:
            return await measured(desk)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            desk.compound.store.close()


if __name__ == "__main__":
    json.dump(asyncio.run(story(Path(sys.argv[1]))), sys.stdout)
