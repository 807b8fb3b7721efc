"""What the desk and the posts see of a slip.

``SlipView`` is for the desk and names the applicant; ``Verdict`` is for a post and names nobody who lives here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from gateway.domain.slip import Item, SlipKind, SlipState, Standing
from gateway.domain.slip_consent import Consent
from gateway.domain.slip_verdict import COLOURS, GRAVE, SENTENCES, Code, Colour
from gateway.signing.slip_token import items_digest


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of goods, and how much of it has left."""

    line: int
    name: str
    qty: int
    unit: str
    serial: str | None
    released: int

    @property
    def remaining(self) -> int:
        """How much may still leave."""
        return self.qty - self.released

    @property
    def item(self) -> Item:
        """What the token's digest binds."""
        return Item(self.line, self.name, self.qty, self.unit, self.serial)


@dataclass(frozen=True, slots=True)
class Review:
    """Who read a slip besides the clerk who wrote it (R-SLIP-6); ``by`` is an actor id, ``at`` unix seconds."""

    by: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class SlipView:
    """A slip as the desk sees it. Times are unix seconds; good in [issued_at's minute, expires_at)."""

    id: int
    slip_no: int | None
    rev: int
    kind: SlipKind
    state: SlipState
    standing: Standing
    unit_id: int
    unit: str
    applicant_id: int | None
    applicant: str
    plate: str | None
    post: str
    posts: tuple[str, ...]
    several_trips: bool
    consent: Consent | None
    review: Review | None
    arrears: str  # "clear", "owing", or "owing_talked": the conversation was held (R-SLIP-9)
    created_at: int
    created_by: str  # an actor id
    issued_at: int | None
    expires_at: int | None
    token: str | None
    remarks: str
    lines: tuple[LineView, ...]

    @property
    def valid_through(self) -> int | None:
        """The last minute in which it is good, as people read it: 23:59 rather than 00:00 of the next day."""
        return None if self.expires_at is None else self.expires_at - 60

    @property
    def total_qty(self) -> int:
        """All pieces on the list."""
        return sum(line.qty for line in self.lines)

    @property
    def released_qty(self) -> int:
        """All pieces that have left."""
        return sum(line.released for line in self.lines)

    @property
    def digest(self) -> bytes:
        """The 16 bytes that bind the list to the token."""
        return items_digest(line.item for line in self.lines)

    @property
    def digest_tail(self) -> str:
        """Four characters printed under list and QR alike, so that a swapped page shows."""
        return self.digest.hex()[-4:].upper()


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of a line leaves now."""

    line: int
    qty: int


@dataclass(frozen=True, slots=True)
class MovementView:
    """One event at a post: ``kind`` is "release" or "refuse", ``at`` unix seconds."""

    release_id: str
    kind: str
    slip_no: int | None
    post: str
    post_name: str
    at: int
    guard: str
    plate_seen: str | None
    lines: tuple[Taken, ...]
    mode: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a post says of a slip: one code, one colour, one sentence, and what the guard compares.

    ``template`` % ``params`` is the English sentence. ``lines`` show what remains; ``evidence`` holds the
    releases so far, oldest first: when, where, by whom, which plate. ``home`` is the id of the post
    that holds the right, ``posts`` all that may release. ``layout`` names the keyboard setting from which the
    scan had to be repaired: the computer's set-up is wrong. ``repeat`` says that this release was made
    before and is only told again: nothing moves for it, and the two answers are equal.
    """

    code: Code
    colour: Colour
    template: str
    params: Mapping[str, object] = field(default_factory=dict)
    slip_no: int | None = None
    kind: SlipKind | None = None
    unit: str | None = None
    plate: str | None = None
    home: str | None = None
    posts: tuple[str, ...] = ()
    several_trips: bool = False
    valid_from: int | None = None
    valid_until: int | None = None
    digest_tail: str | None = None
    lines: tuple[LineView, ...] = ()
    evidence: tuple[MovementView, ...] = ()
    release_id: str | None = None
    layout: str | None = None
    repeat: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, code: Code, **known: Any) -> Self:
        """A verdict with the colour and the sentence that go with its code."""
        return cls(code, COLOURS[code], SENTENCES[code], **known)

    @property
    def may_release(self) -> bool:
        """Whether the guard may go on to tick the lines."""
        return self.code in {Code.OK, Code.PARTIAL_REMAINS}

    @property
    def must_report(self) -> bool:
        """Whether the post writes the refusal down at once, which tells the desk."""
        return self.code in GRAVE

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.template % self.params if self.params else self.template
