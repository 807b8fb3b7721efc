"""A desk with two encoders on a small compound, and cards that do as they are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobKind
from gateway.domain.errors import GatehouseError
from gateway.domain.person import Proof
from gateway.ports import CardOnEncoder, DeviceOfflineError, DeviceRefusedError
from gateway.ports.cards import (
    CardKeys,
    CardKeySet,
    CardTransport,
    EncodePlan,
    FoundCard,
    FoundState,
    GateReading,
    KeyPurpose,
    OnStep,
)
from gateway.runtime.encode_desk import EncodeDesk
from gateway.runtime.encode_run import EncodeRunner
from gateway.runtime.encoders import Encoders, LaidCard
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView, Order
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.fakes import until
from tests.gateway.services.small_compound import CLERK, Compound

STEPS = ("Make the application", "Write the number", "Change the keys")
WIPE_STEPS = ("Take the application off",)
UID = bytes.fromhex("04A1B2C3D4E580")
KEYS = CardKeys(1, {1: CardKeySet(1, dict.fromkeys(KeyPurpose, bytes(16)))})


@dataclass
class Card:
    """A card in the hand (ports.CardTransport). ``dies_at``: the step in which it is pulled away, once.

    ``untouched``: nothing is written on it before that.
    """

    uid: bytes = UID
    dies_at: int | None = None
    error: GatehouseError = field(default_factory=lambda: DeviceOfflineError("It was lifted."))
    data: CardData | None = None
    atr: bytes = b""
    state: FoundState = FoundState.BLANK
    kind: CardKind = CardKind.DESFIRE_EV2
    untouched: bool = False

    async def transmit(self, apdu: bytes) -> bytes:
        raise AssertionError(apdu)


class Encoder:
    """An encoder with at most one card (ports.CardEncoder)."""

    def __init__(self, name: str, sink: Encoders) -> None:
        self.name = name
        self._sink = sink
        self._card: Card | None = None

    async def run(self) -> None:
        await asyncio.Event().wait()

    def card(self) -> Card:
        if self._card is None:
            raise DeviceRefusedError("No card lies on %(device)s.", device=self.name)
        return self._card

    def lay(self, card: Card) -> None:
        self._card = card
        self._sink.card_laid(self.name, CardOnEncoder(card.uid))

    def lift(self) -> None:
        self._card = None
        self._sink.card_lifted(self.name)


class Work:
    """Does to a Card what drivers.cards does to a real one (ports.CardWork)."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.keys = KEYS
        self.likely: list[int | None] = []

    def steps(self, plan: EncodePlan) -> Sequence[str]:
        assert plan.data.number
        return STEPS

    def wipe_steps(self, plan: EncodePlan) -> Sequence[str]:
        assert plan.data.number
        return WIPE_STEPS

    async def look(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> FoundCard:
        assert isinstance(card, Card)
        assert templates == CardTemplates()
        self.done.append("look")
        self.likely.append(keys.likely if keys else None)
        state = card.state if keys or card.state is not FoundState.OURS else FoundState.FOREIGN
        version = None if card.data is None else card.data.key_version
        return FoundCard(card.uid, card.kind, state, card.data, version)

    async def read(self, card: CardTransport, keys: CardKeys | None, templates: CardTemplates) -> GateReading:
        raise AssertionError((card, keys, templates))

    async def personalise(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        assert keys is self.keys
        assert isinstance(card, Card)
        assert plan.uid == card.uid
        await self._steps(card, "write", len(STEPS), on_step)
        card.state, card.data = FoundState.OURS, plan.data

    async def wipe(self, card: CardTransport, plan: EncodePlan, keys: CardKeys, on_step: OnStep) -> None:
        assert keys is self.keys
        assert isinstance(card, Card)
        assert plan.uid == card.uid
        await self._steps(card, "wipe", len(WIPE_STEPS), on_step)
        card.state, card.data = FoundState.BLANK, None

    async def _steps(self, card: Card, what: str, count: int, on_step: OnStep) -> None:
        for step in range(count):
            await on_step(step)
            card.state = card.state if card.untouched else FoundState.TORN
            self.done.append(f"{what} {step}")
            if card.dies_at == step:
                card.dies_at = None
                raise card.error


@dataclass
class KeysOfNow:
    """ports: CardKeySource."""

    now: CardKeys | None = KEYS

    def keys(self) -> CardKeys | None:
        return self.now


class DeskRig:
    """Encoders ``front`` and ``back``, the desk behind them, and the compound they issue for."""

    def __init__(self, rig: Rig, compound: Compound) -> None:
        self.compound, self.hub = compound, rig.hub
        self.work, self.keys = Work(), KeysOfNow()
        self.encoders = Encoders(rig.hub, rig.devices, ["front", "back"])
        runner = EncodeRunner(compound.store, compound.keys, self.keys, self.work, rig.hub)
        self.desk = EncodeDesk(
            store=compound.store,
            encoders=self.encoders,
            runner=runner,
            work=self.work,
            card_keys=self.keys,
            templates=CardTemplates(),
        )
        self.front, self.back = Encoder("front", self.encoders), Encoder("back", self.encoders)
        for encoder in (self.front, self.back):
            self.desk.attach(encoder)
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self.desk.serve(name)) for name in self.desk.names()]

    async def stop(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def laid(self, encoder: str = "front") -> LaidCard:
        return next(laid for laid in self.encoders.laid() if laid.encoder == encoder)

    async def found(self, state: FoundState, encoder: str = "front") -> LaidCard:
        await until(lambda: (found := self.laid(encoder).found) is not None and found.state is state)
        return self.laid(encoder)

    async def refused(self, encoder: str = "front") -> str:
        await until(lambda: bool(self.laid(encoder).why))
        laid = self.laid(encoder)
        return laid.why % laid.params if laid.params else laid.why

    def plan(self, laid: LaidCard, **order: object) -> JobView:
        """Plans an issue to 李娜 of the card that was seen."""
        wanted: dict[str, object] = {"unit_id": self.compound.unit, "person_id": self.compound.li_na}
        wanted |= {"proof": Proof.OWNER_FILE, "receipt": "R1", **order}
        assert laid.found is not None
        with self.compound.desk() as uow:
            given = Order(JobKind.ISSUE, **wanted)  # type: ignore[arg-type]  # the tests say what differs
            return encode_jobs.plan(uow, given, laid.found, CardTemplates(), 1)

    async def issue(self, card: Card) -> JobView:
        """Lays a blank card on the front encoder, plans and begins."""
        self.front.lay(card)
        job = self.plan(await self.found(FoundState.BLANK))
        self.desk.begin("front", job.id, CLERK)
        return job

    def job(self, job_id: str) -> JobView:
        with self.compound.store.read() as conn:
            return encode_jobs.get(conn, job_id)

    def open_jobs(self) -> list[JobView]:
        with self.compound.store.read() as conn:
            return encode_jobs.list_jobs(conn)

    async def reaches(self, job: JobView, state: encode_jobs.JobState) -> JobView:
        await until(lambda: self.job(job.id).state is state)
        return self.job(job.id)
