"""Cards: what the desk sends and sees."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from admin_api.schemas.base import Hex, HexOut, In, Instant, Moment, Note, Out, Reason, RowId, Until, seconds
from gateway.domain.card import CardEvent, CardState
from gateway.domain.identity import parse_uid
from gateway.domain.person import Proof
from gateway.services.cards import Blank, Channel

CardNumber = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,16}$"), Field(description="As printed.", examples=["0417"])
]
CardKind = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,16}$"), Field(examples=["uid"])]
Receipt = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Za-z./-]{1,40}$"), Field(description="The cashier's receipt.")
]
SawProof = Annotated[Proof, Field(strict=False, description="What the desk saw.", examples=["owner_file"])]


class BlankIn(In):
    """A card that comes into stock."""

    number: CardNumber
    uid: Hex | None = None
    kind: CardKind = "uid"

    def blank(self) -> Blank:
        """As the service takes it."""
        return Blank(self.number, None if self.uid is None else parse_uid(self.uid), self.kind)


class StockIn(In):
    """Cards that come into stock together: all or none."""

    cards: list[BlankIn] = Field(min_length=1, max_length=500)


class HandOut(In):
    """What every card handed out needs: its UID, what was seen, and a receipt or a waiver.

    What kind of card it is the encoder tells, or the stock; a number of ours comes only with work at an encoder.
    """

    uid: Hex = Field(description="As the encoder read it.")
    proof: SawProof
    number: CardNumber | None = Field(default=None, description="The next free one when left out.")
    receipt: Receipt | None = None
    waived: bool = Field(default=False, description="Without a receipt; needs a supervisor or manager.")

    def handed(self) -> dict[str, Any]:
        """As the services take it."""
        return {**self.model_dump(), "uid": parse_uid(self.uid)}


class IssueIn(HandOut):
    """A card for someone of a household."""

    unit_id: RowId
    person_id: RowId
    beyond_quota: bool = Field(default=False, description="One more than the unit may have; needs a supervisor.")
    valid_until: Instant | None = Field(default=None, description="Two years, a tenant's one, when left out.")

    def handed(self) -> dict[str, Any]:
        """As the service takes it."""
        return {**super().handed(), "valid_until": seconds(self.valid_until)}


class ReportIn(In):
    """A lost card. Whoever calls suspends it; at the desk, with the identity seen, it is lost at once."""

    provisional: bool = True
    reporter: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] = Field(
        examples=["李娜"]
    )
    channel: Annotated[Channel, Field(strict=False)] = Field(examples=["phone"])


class WithdrawIn(In):
    """A lost card that was found."""

    holder_verified: bool = Field(description="The holder's identity card was seen.")


class ReasonIn(In):
    """Why, for the record."""

    reason: Reason


class ReturnIn(In):
    """The receipt of the deposit that is paid back."""

    receipt: Receipt | None = None


class DefectIn(In):
    """What is wrong with it."""

    note: Note = ""


class RenewIn(In):
    """A new end of validity, counted from today."""

    valid_until: Instant | None = None
    receipt: Receipt | None = None
    waived: bool = False


class CardOut(Out):
    """One card."""

    id: int
    number: str
    uid: HexOut | None
    secure_number: HexOut | None
    kind: str
    state: CardState
    state_since: Moment
    holder_id: int | None
    holder: str | None
    unit_id: int | None
    unit: str | None
    valid_from: Moment | None
    valid_until: Until
    issued_at: Moment | None
    receipt: str | None
    waived_by: str | None
    replaces_id: int | None
    clonable: bool = Field(description="Its number is all there is to it.")
    actions: list[CardEvent] = Field(description="What can be done with it now.")


class CardsOut(Out):
    """The cards that came into stock."""

    items: list[CardOut]
