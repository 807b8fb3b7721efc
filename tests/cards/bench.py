"""A desk that is real from the encoder down to the store, and virtual cards in unsteady hands."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from drivers.cards.work import CardDesk
from gateway.domain.card import CardState
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobKind
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import Identity, IdentityForm, IdentityKind
from gateway.domain.person import Proof
from gateway.ports import CardOnEncoder, DeviceOfflineError, DeviceRefusedError
from gateway.ports.cards import CardEncoder, CardKeys, CardTransport, FoundCard, FoundState, GateReading
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.encode_run import EncodeRunner
from gateway.runtime.encoders import Encoders, LaidCard
from gateway.runtime.hub import EventHub
from gateway.services import cards, encode_jobs, site
from gateway.services.encode_jobs import JobState, JobView, Order
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from simulators.devices.vcard import CardLogic
from tests.cards.watched import Watched, mortal
from tests.drivers.cards.desk import key_set
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.desk_rig import KeysOfNow
from tests.gateway.runtime.fakes import until
from tests.gateway.services.small_compound import SUPERVISOR, Compound

GATE = "gate"
"""An area whose readers speak to the card: a UID alone opens nothing there."""
TEMPLATES = CardTemplates()
OLD, NEW = 1, 2
KEYS = CardKeys(NEW, {version: key_set(version) for version in (OLD, NEW)})


class Hand(Protocol):
    """Lays cards on one encoder and takes them away; returns when it happened, not when the gateway saw it."""

    name: str

    async def lay(self, logic: CardLogic) -> None: ...
    async def lift(self) -> None: ...


class InProcessEncoder:
    """An encoder with at most one card (ports.CardEncoder), and the hand above it. Dead cards count as lifted.

    While ``free`` is cleared, no command gets to a card.
    """

    def __init__(self, name: str, sink: Encoders) -> None:
        self.name = name
        self._sink = sink
        self._card: _Laid | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    def card(self) -> CardTransport:
        if self._card is None:
            raise DeviceRefusedError("No card lies on %(device)s.", device=self.name)
        return self._card

    async def lay(self, logic: CardLogic) -> None:
        self._card = _Laid(logic, self)
        uid = self._card.answer(bytes.fromhex("FFCA000000"))[:-2]
        self._sink.card_laid(self.name, CardOnEncoder(uid))

    async def lift(self) -> None:
        if self._card is not None:
            InProcess.lift(self._card)
        self.gone()

    def gone(self) -> None:
        if self._card is not None:
            self._card = None
            self._sink.card_lifted(self.name)


class _Laid(InProcess):
    def __init__(self, logic: CardLogic, encoder: InProcessEncoder) -> None:
        super().__init__(logic)
        self._encoder = encoder

    async def transmit(self, apdu: bytes) -> bytes:
        await self._encoder.free.wait()
        try:
            return await super().transmit(apdu)
        except DeviceOfflineError:
            asyncio.get_running_loop().call_soon(self._encoder.gone)
            raise


@dataclass
class Card:
    """A card in someone's hand. ``mortal`` is what lies on the encoder, ``number`` its row in the books."""

    kind: str
    uid: bytes
    mortal: Mortal
    watched: Watched
    number: int | None = None

    def in_process(self) -> InProcess:
        """The same memory under a reader of its own; the card must be lifted."""
        self.watched.tap()
        return InProcess(self.watched)

    async def look(self, likely: int | None) -> FoundCard:
        keys = CardKeys(KEYS.current, KEYS.sets, likely)
        return await CardDesk(7).look(self.in_process(), keys, TEMPLATES)

    async def read(self, likely: int | None) -> GateReading:
        keys = CardKeys(KEYS.current, KEYS.sets, likely)
        return await CardDesk(7).read(self.in_process(), keys, TEMPLATES)


class News:
    """The last thing that the pages were told of each job and each encoder."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._last: dict[tuple[str, object], Mapping[str, object]] = {}
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        with self._hub.subscribe() as news:
            async for event in news:
                name = event.data.get("id" if event.kind == "encode_job" else "encoder")
                self._last[event.kind, name] = event.data

    def of_job(self, job: str) -> Mapping[str, object]:
        return self._last.get(("encode_job", job), {})

    def of_encoder(self, encoder: str) -> Mapping[str, object]:
        return self._last.get(("encoder", encoder), {})


class Bench:
    """Encoders, the desk behind them, and the compound they issue for. The keys are rotated: OLD, then NEW."""

    def __init__(self, rig: Rig, compound: Compound, names: tuple[str, ...] = ("front",)) -> None:
        self.compound, self.rig = compound, rig
        self.news = News(rig.hub)
        self.keys = KeysOfNow(KEYS)
        self.work = CardDesk(7)
        self.encoders = Encoders(rig.hub, rig.devices, names)
        runner = EncodeRunner(compound.store, compound.keys, self.keys, self.work, rig.hub)
        self.desk = EncodeDesk(
            store=compound.store,
            encoders=self.encoders,
            runner=runner,
            work=self.work,
            card_keys=self.keys,
            templates=TEMPLATES,
        )
        self._uids = count(1)
        self._drivers: dict[str, CardEncoder] = {}
        self._workers: list[asyncio.Task[None]] = []
        with compound.desk(SUPERVISOR) as uow:
            site.add_area(uow, id=GATE, name=GATE, forms=(IdentityForm.UID, IdentityForm.SECURE))
            site.set_access_rule(
                uow, compound.keys, basis=BasisKind.RESIDENCE, common_areas=("compound", "garage", GATE)
            )

    def attach(self, driver: CardEncoder) -> None:
        self._drivers[driver.name] = driver
        self.desk.attach(driver)

    def driver(self, name: str) -> CardEncoder:
        return self._drivers[name]

    def start(self) -> None:
        self.news.start()
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self.desk.serve(name)) for name in self.desk.names()]

    @property
    def running(self) -> bool:
        """Whether the desk's workers still serve."""
        return bool(self._workers) and not any(worker.done() for worker in self._workers)

    async def stop(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.news.stop()

    # --- Cards ---------------------------------------------------------------------------------------

    def card(self, kind: str) -> Card:
        """A new card from the box."""
        number = next(self._uids)
        uid = b"\x04" + number.to_bytes(2) + (b"\x11\x22\x33\x80" if kind.startswith("desfire") else b"\x5a")
        return Card(kind, uid, *mortal(kind, uid))

    async def lay(self, hand: Hand, card: Card) -> None:
        card.watched.tap()
        await hand.lay(card.mortal)

    # --- What the pages show --------------------------------------------------------------------------

    def laid(self, encoder: str) -> LaidCard:
        return next(laid for laid in self.encoders.laid() if laid.encoder == encoder)

    async def empty(self, encoder: str) -> None:
        await until(lambda: self.laid(encoder).card is None)

    async def found(self, encoder: str, state: FoundState) -> LaidCard:
        await until(lambda: (found := self.laid(encoder).found) is not None and found.state is state)
        return self.laid(encoder)

    async def says(self, encoder: str) -> str:
        """Why there is nothing to be found."""
        await until(lambda: bool(self.laid(encoder).why))
        laid = self.laid(encoder)
        return laid.why % laid.params if laid.params else laid.why

    # --- Work -----------------------------------------------------------------------------------------

    def order(self, what: JobKind, laid: LaidCard, version: int, **order: object) -> JobView:
        assert laid.found is not None
        with self.compound.desk(SUPERVISOR) as uow:
            given = Order(what, **order)  # type: ignore[arg-type]  # the tests say what differs
            return encode_jobs.plan(uow, given, laid.found, TEMPLATES, version)

    def issue(self, laid: LaidCard, unit: int | None = None, person: int | None = None) -> JobView:
        to_whom = {"unit_id": unit or self.compound.unit, "person_id": person or self.compound.li_na}
        return self.order(JobKind.ISSUE, laid, OLD, proof=Proof.OWNER_FILE, receipt="R1", **to_whom)

    def job(self, job_id: str) -> JobView:
        with self.compound.store.read() as conn:
            return encode_jobs.get(conn, job_id)

    async def told(self, job: JobView, *states: JobState) -> JobView:
        """When the pages know that the work is in one of these states."""
        await until(lambda: self.news.of_job(job.id).get("state") in states)
        return self.job(job.id)

    async def settled(self, job: JobView) -> JobView:
        """When the pages know that the work ended or failed."""
        ends = {JobState.ACTIVE, JobState.DONE}
        await until(lambda: (told := self.news.of_job(job.id)).get("state") in ends or bool(told.get("failed")))
        return self.job(job.id)

    def cancel_card(self, card_id: int) -> None:
        """Its holder gives it up."""
        with self.compound.desk(SUPERVISOR) as uow:
            cards.cancel(uow, self.compound.keys, card_id, reason="the holder moves out")

    # --- Through the eyes of a gate -------------------------------------------------------------------

    def state(self, job: JobView) -> CardState | None:
        """Of the card in the books; None when there is none."""
        return None if job.card_id is None else self.compound.card(job.card_id).state

    def opens_gate(self, reading: GateReading) -> bool:
        """Whether a reader that speaks to the card lets in whoever holds it."""
        if reading.data is None:
            return self.listed(Identity(IdentityKind.UID, reading.uid), GATE)
        return self.listed(Identity(IdentityKind.SECURE, reading.data.number), GATE)

    def listed(self, identity: Identity, area: str) -> bool:
        return self.compound.keys.list(identity) in self.compound.lists()[area]

    def opens_anything(self, identity: Identity) -> bool:
        key = self.compound.keys.list(identity)
        return any(key in whitelist for whitelist in self.compound.lists().values())
