"""Work on cards at the encoders: what the desk sends and sees."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from admin_api.schemas.base import Hex, HexOut, In, Instant, Line, Moment, Out, RowId, Slug, seconds
from admin_api.schemas.cards import CardNumber, Receipt, SawProof
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind, JobState
from gateway.ports.cards import FoundCard, FoundState, KeyPurpose
from gateway.runtime.house import LaidCard
from gateway.services.card_key_rows import KeySetState
from gateway.services.card_key_status import KeyStatus
from gateway.services.encode_jobs import BatchReport, BatchRow, BatchView, JobView, Order

JobId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class FoundOut(Out):
    """What a card turned out to be."""

    state: FoundState
    kind: CardKind
    number: HexOut | None = Field(description="The number in our application.")
    key_version: int | None
    tries_left: int | None

    @classmethod
    def of(cls, found: FoundCard) -> Self:
        """From the driver's answer."""
        number = None if found.data is None else found.data.number.hex()
        return cls(
            state=found.state,
            kind=found.kind,
            number=number,
            key_version=found.key_version,
            tries_left=found.tries_left,
        )


class EncoderOut(Out):
    """An encoder and what lies on it. ``version`` rises with every card laid down or lifted."""

    encoder: str
    version: int
    uid: HexOut | None
    random_uid: bool
    why: str = Field(description="Why the card could not be read or written; empty otherwise.")
    found: FoundOut | None = Field(description="Null until the card was looked at.")
    batch: str | None = Field(description="The batch whose next card is awaited here.")

    @classmethod
    def of(cls, laid: LaidCard, batch: str | None) -> Self:
        """From what the gateway knows of it."""
        card = laid.card
        return cls(
            encoder=laid.encoder,
            version=laid.version,
            uid=None if card is None else card.uid.hex(),
            random_uid=card is not None and card.random_uid,
            why=laid.why % laid.params if laid.params else laid.why,
            found=None if laid.found is None else FoundOut.of(laid.found),
            batch=batch,
        )


class EncodersOut(Out):
    """All encoders, by name."""

    items: list[EncoderOut]


class OrderIn(In):
    """What shall become of the card on an encoder.

    ``issue`` needs ``unit_id``, ``person_id`` and ``proof``; ``replace`` the lost card's ``card_id`` and ``proof``;
    both a receipt, or ``waived``. ``reencode`` and ``wipe`` need ``card_id``; ``recover`` nothing.
    """

    encoder: Slug
    uid: Hex = Field(description="As the encoder read it: the order is refused when another card lies there by now.")
    what: Annotated[JobKind, Field(strict=False)]
    unit_id: RowId | None = None
    person_id: RowId | None = None
    card_id: RowId | None = None
    proof: SawProof | None = None
    number: CardNumber | None = Field(default=None, description="The next free one when left out.")
    receipt: Receipt | None = None
    waived: bool = Field(default=False, description="Without a receipt; needs a supervisor or manager.")
    beyond_quota: bool = Field(default=False, description="One more than the unit may have; needs a supervisor.")
    valid_until: Instant | None = Field(default=None, description="As long as the rules allow when left out.")

    def order(self) -> Order:
        """As the service takes it."""
        known: dict[str, Any] = self.model_dump(exclude={"encoder", "uid", "valid_until"})
        return Order(**known, valid_until=seconds(self.valid_until))


class JobOut(Out):
    """One piece of work. It opens doors in state ``active`` only; ``unknown`` goes on when the card is laid down."""

    id: str
    what: JobKind
    state: JobState
    step: int
    steps: int
    step_name: str = Field(description="What is done now, or comes next; empty when nothing is left.")
    uid: HexOut | None
    kind: CardKind | None
    card_id: int | None
    card: str | None
    holder: str | None
    unit: str | None
    key_version: int | None
    batch: str | None
    position: int | None
    encoder: str | None
    leased_by: str | None
    lease_until: Moment | None
    why: str | None = Field(description="What interrupted it last.")
    created_by: str
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, job: JobView, steps: Sequence[str]) -> Self:
        """From the service's view; ``steps`` are those of this work, by name."""
        why = None if job.why is None else job.why["template"] % job.why["params"]
        step_name = steps[job.step] if job.step < len(steps) and job.open else ""
        names = cls.model_fields.keys() - {"why", "step_name"}
        return cls(**{name: getattr(job, name) for name in names}, why=why, step_name=step_name)


class BatchRowIn(In):
    """One card: ``unit`` as it is called, ``person`` by name as on file there."""

    unit: Line
    person: Line
    proof: SawProof
    number: CardNumber | None = None
    receipt: Receipt | None = None
    waived: bool = False
    beyond_quota: bool = False
    valid_until: Instant | None = None

    def row(self) -> BatchRow:
        """As the service takes it."""
        known: dict[str, Any] = self.model_dump(exclude={"valid_until"})
        return BatchRow(**known, valid_until=seconds(self.valid_until))


class BatchIn(In):
    """A list of cards for one day: all rows or none."""

    name: Line
    rows: list[BatchRowIn] = Field(min_length=1, max_length=500)


class FollowIn(In):
    """Where the next cards will lie."""

    encoder: Slug


class AtIn(In):
    """Where the asker is: what another desk works on is left to it."""

    encoder: Slug | None = None


class BatchOut(Out):
    """A batch, and how many of its rows are in which state."""

    id: str
    name: str
    created_by: str
    created_at: Moment
    closed_at: Moment | None
    counts: dict[JobState, int]
    total: int
    issued: int


class BatchReportOut(Out):
    """A batch row by row."""

    batch: BatchOut
    jobs: list[JobOut]

    @classmethod
    def of(cls, report: BatchReport, shown: Callable[[JobView], JobOut]) -> Self:
        """From the service's report; ``shown`` makes a row of a job."""
        return cls(batch=batch_out(report.batch), jobs=[shown(job) for job in report.jobs])


def batch_out(batch: BatchView) -> BatchOut:
    """From the service's view."""
    return BatchOut.model_validate(batch)


class KeySetOut(Out):
    """One version of the card keys; check values show which keys they are, never the keys."""

    version: int
    state: KeySetState
    created_at: Moment
    created_by: str
    current_since: Moment | None
    check_values: dict[KeyPurpose, str]
    missing: list[KeyPurpose]
    cards: int = Field(description="How many cards that belong to someone carry it.")


class CardKeysOut(Out):
    """Every version there ever was. Keys are made and changed on the command line only: ``gatehouse keys``."""

    current: int | None
    old_cards: int = Field(description="Cards that still carry an older version.")
    sets: list[KeySetOut]

    @classmethod
    def of(cls, status: KeyStatus) -> Self:
        """From the service's view."""
        current = None if status.current is None else status.current.version
        return cls(
            current=current, old_cards=status.old_cards, sets=[KeySetOut.model_validate(known) for known in status.sets]
        )
