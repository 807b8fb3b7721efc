"""Cards that lie on encoders, and the desk's acts with them in one line each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobKind
from gateway.domain.errors import GatehouseError
from gateway.domain.identity import Identity, IdentityForm, IdentityKind
from gateway.domain.person import Proof
from gateway.ports.cards import FoundCard, FoundState
from gateway.services import encode_jobs, site
from gateway.services.cards import CardView
from gateway.services.encode_jobs import JobView, Order
from gateway.storage.store import Actor
from tests.gateway.services.small_compound import CLERK, SUPERVISOR, UID, Compound

TEMPLATES = CardTemplates()
DESK, OTHER_DESK = "desk-1", "desk-2"
VERSION = 3
STEPS = 4
PULLED = GatehouseError("The card left the encoder at step %(step)s.", step=2)


def counted() -> Callable[[int], bytes]:
    """Random bytes that are not: each call gives the next number."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size)


def blank(uid: bytes = UID, kind: CardKind = CardKind.DESFIRE_EV2) -> FoundCard:
    """A card as the factory made it."""
    return FoundCard(uid, kind, FoundState.BLANK)


@dataclass
class Desk:
    """A desk of the compound. Each act is a transaction of its own, as at the encoder."""

    compound: Compound
    encoder: str = DESK
    actor: Actor = SUPERVISOR
    random: Callable[[int], bytes] = field(default_factory=counted)
    version: int = VERSION

    def order(self, **changes: object) -> Order:
        """A card for 李娜, with a receipt, changed as told."""
        wanted: dict[str, object] = {
            "what": JobKind.ISSUE, "unit_id": self.compound.unit, "person_id": self.compound.li_na,
            "proof": Proof.OWNER_FILE, "receipt": "R1",
        }  # fmt: skip
        return Order(**{**wanted, **changes})  # type: ignore[arg-type]  # the tests say what differs

    def plan(self, found: FoundCard | None = None, order: Order | None = None) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.plan(
                uow, order or self.order(), found or blank(), TEMPLATES, self.version, random=self.random
            )

    def take(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.take(uow, job.id, self.encoder)

    def start(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.start(uow, job.id, self.encoder, STEPS)

    def mark(self, job: JobView, step: int = 0) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.mark(uow, job.id, self.encoder, step)

    def verify(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.verifying(uow, job.id, self.encoder)

    def finish(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.finish(uow, self.compound.keys, job.id, self.encoder)

    def fail(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.fail(uow, job.id, self.encoder, PULLED)

    def cancel(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.cancel(uow, job.id, self.encoder)

    def abandon(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.abandon(uow, job.id, self.encoder)

    def wiped(self, job: JobView) -> JobView:
        with self.compound.desk(self.actor) as uow:
            return encode_jobs.wiped(uow, self.compound.keys, job.id, self.encoder)

    def begin(self, job: JobView, marks: int = 1) -> JobView:
        """Takes it, and goes as far as the first steps."""
        self.take(job)
        at = self.start(job)
        for step in range(marks):
            at = self.mark(job, step)
        return at

    def write(self, job: JobView) -> JobView:
        """All of it, to the active card."""
        self.begin(job, STEPS)
        self.verify(job)
        return self.finish(job)

    def wipe(self, job: JobView) -> JobView:
        """All of it, to the blank card."""
        self.begin(job, STEPS)
        return self.wiped(job)

    def issued(self, found: FoundCard | None = None, order: Order | None = None) -> JobView:
        """A card from blank to active."""
        return self.write(self.plan(found, order))

    def job(self, job: JobView) -> JobView:
        with self.compound.store.read() as conn:
            return encode_jobs.get(conn, job.id)


def other(desk: Desk) -> Desk:
    """The second desk, with its clerk."""
    return Desk(desk.compound, OTHER_DESK, CLERK, desk.random)


def secure_readers(compound: Compound, *areas: str) -> None:
    """From now on the readers of these areas read the number in our application, and UIDs of cards without one."""
    for area in areas:
        with compound.desk() as uow:
            site.set_area_forms(uow, compound.keys, area, (IdentityForm.UID, IdentityForm.SECURE))


def card_of(desk: Desk, job: JobView) -> CardView:
    """The card that the work is about, as it stands now."""
    assert job.card_id is not None
    return desk.compound.card(job.card_id)


def secured(desk: Desk, number: bytes, area: str) -> bool:
    """Whether this number opens the area."""
    key = desk.compound.keys.list(Identity(IdentityKind.SECURE, number))
    return key in desk.compound.lists()[area]
