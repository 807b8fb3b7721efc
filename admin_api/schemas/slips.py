"""Release slips at the desk and at the post."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from admin_api.schemas.base import In, Instant, Line, Moment, Note, Out, Reason, RowId, Slug, seconds
from gateway.domain.slip import ConsentMethod, Item, SlipKind, SlipState, Standing
from gateway.domain.slip_consent import Consent
from gateway.domain.slip_verdict import Code, Colour
from gateway.services.slip_views import MovementView, SlipView, Taken, Verdict

METHODS = {method.name.lower(): method for method in ConsentMethod}
Method = Annotated[str, StringConstraints(pattern=f"^({'|'.join(METHODS)})$"), Field(examples=["signed_at_desk"])]
Plate = Annotated[str, StringConstraints(max_length=16), Field(examples=["粤B12345"])]
SlipText = Annotated[str, StringConstraints(max_length=4000), Field(description="What the scanner read.")]
ReleaseId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{32}$"),
    Field(description="128 random bits, kept for each retry.", examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"]),
]


class ItemIn(In):
    """One line of goods."""

    line: int = Field(ge=1, le=40)
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = Field(examples=["冰箱"])
    qty: int = Field(ge=0, le=9999)
    unit: Annotated[str, StringConstraints(max_length=10)] = "件"
    serial: Annotated[str, StringConstraints(max_length=40)] | None = None


class SlipIn(In):
    """The paper form (F8)."""

    kind: Annotated[SlipKind, Field(strict=False)] = Field(examples=["household"])
    unit_id: RowId
    applicant: Line = Field(examples=["李娜"])
    items: list[ItemIn] = Field(min_length=1, max_length=40)
    post: Slug = Field(description="The post that holds the right to release.", examples=["main"])
    posts: list[Slug] = Field(default=[], max_length=32, description="Posts that may release too.")
    plate: Plate | None = None
    applicant_id: RowId | None = None
    expires_at: Instant | None = Field(default=None, description="The end of the day of issue, when left out.")
    several_trips: bool = False
    arrears_talked: bool = Field(default=False, description="The conversation about open fees was held (R-SLIP-9).")
    remarks: Note = ""

    def form(self) -> dict[str, Any]:
        """As the service takes it."""
        items = [Item(i.line, i.name, i.qty, i.unit, i.serial) for i in self.items]
        return {**self.model_dump(exclude={"consent"}), "items": items, "expires_at": seconds(self.expires_at)}


class ConsentIn(In):
    """How the owner agreed."""

    method: Method
    by: Line = Field(examples=["李娜"])
    identity_checked: bool = Field(default=False, description="A document, or its number, was compared.")
    note: Note = ""
    at: Instant | None = Field(default=None, description="Now, when left out.")

    def consent(self, now: int) -> Consent:
        """As the service takes it."""
        at = now if self.at is None else seconds(self.at) or 0
        return Consent(METHODS[self.method], self.by, at, self.identity_checked, self.note)


class IssueIn(SlipIn):
    """One visit of an owner in person: form and consent together."""

    consent: ConsentIn


class RefusedIn(In):
    """The owner said no."""

    by: Line
    reason: Reason


class ReasonIn(In):
    """Why, for the record."""

    reason: Reason


class LineOut(Out):
    """One line of goods, and how much of it has left."""

    line: int
    name: str
    qty: int
    unit: str
    serial: str | None
    released: int
    remaining: int


class ReviewOut(Out):
    """Who read the slip besides its writer."""

    by: str
    name: str
    at: Moment


class SlipConsentOut(Out):
    """How the owner agreed."""

    method: str
    by: str
    at: Moment
    identity_checked: bool
    note: str

    @classmethod
    def of(cls, consent: Consent) -> Self:
        """From the domain's value."""
        shown = {"by": consent.by, "at": consent.at, "identity_checked": consent.identity_checked, "note": consent.note}
        return cls.model_validate({"method": consent.method.name.lower(), **shown})


class SlipOut(Out):
    """A slip as the desk sees it."""

    id: int
    slip_no: int | None = Field(description="Given when it is issued; no gaps.")
    rev: int
    kind: SlipKind
    state: SlipState
    standing: Standing = Field(description="With what is derived: expired, released.")
    unit_id: int
    unit: str
    applicant_id: int | None
    applicant: str
    plate: str | None
    post: str
    posts: list[str]
    several_trips: bool
    consent: SlipConsentOut | None
    review: ReviewOut | None
    arrears: str
    created_at: Moment
    created_by: str
    issued_at: Moment | None
    expires_at: Moment | None
    token: str | None = Field(description="What the QR carries.")
    digest_tail: str = Field(description="Printed under list and QR alike.")
    remarks: str
    lines: list[LineOut]

    @classmethod
    def of(cls, view: SlipView) -> Self:
        """From the service's view."""
        names = cls.model_fields.keys() - {"consent"}
        consent = None if view.consent is None else SlipConsentOut.of(view.consent)
        return cls.model_validate({**{name: getattr(view, name) for name in names}, "consent": consent})


class TakenIn(In):
    """How much of a line leaves now."""

    line: int = Field(ge=1, le=40)
    qty: int = Field(ge=0, le=9999)

    def taken(self) -> Taken:
        """As the service takes it."""
        return Taken(self.line, self.qty)


class _ShownIn(In):
    """A scanned text or a typed number: exactly one of the two."""

    text: SlipText | None = None
    slip_no: int | None = Field(default=None, ge=1, le=2**32 - 1, description="When the QR cannot be read.")
    post: Slug | None = Field(default=None, description="The own post, when left out.", examples=["main"])

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.slip_no is None):
            raise ValueError("scan a slip (text) or type its number (slip_no)")
        return self


class VerifyIn(_ShownIn):
    """A slip to look at."""


class ReleaseIn(_ShownIn):
    """A load that leaves."""

    release_id: ReleaseId
    lines: list[TakenIn] = Field(min_length=1, max_length=40)
    plate_seen: Plate | None = None
    override: Note = Field(default="", description="Why another vehicle may go.")
    mover: Note = ""


class RefuseIn(_ShownIn):
    """Goods that are turned back."""

    release_id: ReleaseId
    reason: Reason
    plate_seen: Plate | None = None


class TakenOut(Out):
    """How much of a line left."""

    line: int
    qty: int


class MovementOut(Out):
    """What happened at a post."""

    release_id: str
    kind: str
    slip_no: int | None
    post: str
    post_name: str
    at: Moment
    guard: str
    plate_seen: str | None
    lines: list[TakenOut]
    mode: str

    @classmethod
    def of(cls, view: MovementView) -> Self:
        """From the service's view."""
        return cls.model_validate(view)


class VerdictOut(Out):
    """What a post says of a slip. It names nobody who lives here."""

    code: Code
    colour: Colour
    sentence: str
    may_release: bool
    slip_no: int | None
    kind: SlipKind | None
    unit: str | None
    plate: str | None
    home: str | None
    posts: list[str]
    several_trips: bool
    valid_from: Moment | None
    valid_until: Moment | None
    digest_tail: str | None
    lines: list[LineOut]
    evidence: list[MovementOut] = Field(description="The releases so far, oldest first.")
    release_id: str | None
    layout: str | None = Field(description="The keyboard setting the scan had to be repaired from.")

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """From the service's answer."""
        return cls.model_validate(verdict)


class MovementsOut(Out):
    """Oldest first."""

    items: list[MovementOut]
