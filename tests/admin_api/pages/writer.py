"""The worker at the encoder, by hand: plans, writes, fails and finishes what the real one would."""

from dataclasses import replace

from gateway.domain.card_data import CardData, CardKind
from gateway.domain.encode_job import JobKind
from gateway.domain.errors import GatehouseError
from gateway.domain.person import Proof
from gateway.ports import DeviceOfflineError
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import House
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView, Order
from gateway.storage.store import SYSTEM
from tests.admin_api.compound import Home

UID = bytes.fromhex("04A1B2C3D4E5F6")
NUMBER = bytes.fromhex("0102030405060708")
BLANK = FoundCard(UID, CardKind.DESFIRE_EV2, FoundState.BLANK)
TORN = replace(BLANK, state=FoundState.TORN)
DATA = CardData(7, NUMBER, 1_700_000_000, 1)
OURS = FoundCard(UID, CardKind.DESFIRE_EV2, FoundState.OURS, DATA, 1)
PULLED = DeviceOfflineError("The card on %(device)s was lifted or does not answer.", device="desk")


class Writer:
    """Does to jobs what the worker at an encoder does."""

    def __init__(self, house: House, place: Home) -> None:
        self.house, self.place = house, place

    def plan(self, found: FoundCard = BLANK, what: JobKind = JobKind.ISSUE, **order: int) -> JobView:
        """Planned work, for 李娜 when it issues."""
        given = Order(what, **order)  # type: ignore[arg-type]  # ids only
        if what is JobKind.ISSUE:
            given = Order(what, self.place.unit, self.place.owner, Proof.OWNER_FILE, receipt="R-1")
        with self.house.store.write(SYSTEM) as uow:
            return encode_jobs.plan(uow, given, found, self.house.encoding.templates, 1)

    def write(self, job: JobView, encoder: str = "desk", step: int = 1) -> JobView:
        """Begun, and at a step."""
        with self.house.store.write(SYSTEM) as uow:
            encode_jobs.take(uow, job.id, encoder)
            encode_jobs.start(uow, job.id, encoder, 3)
            return encode_jobs.mark(uow, job.id, encoder, step)

    def fail(self, job: JobView, error: GatehouseError = PULLED) -> JobView:
        """Interrupted at the encoder where it was."""
        with self.house.store.write(SYSTEM) as uow:
            return encode_jobs.fail(uow, job.id, job.encoder or "desk", error)

    def finish(self, job: JobView) -> FoundCard:
        """Done; what the card is from now on."""
        with self.house.store.write(SYSTEM) as uow:
            encode_jobs.verifying(uow, job.id, "desk")
            done = encode_jobs.finish(uow, self.house.keys, job.id, "desk")
        return replace(OURS, data=encode_jobs.plan_of(done).data)

    def issued(self) -> tuple[JobView, FoundCard]:
        """A card of 李娜 from the first step to the last."""
        job = self.write(self.plan())
        return job, self.finish(job)
