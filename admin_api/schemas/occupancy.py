"""Units, people and who lives where."""

from typing import Annotated

from pydantic import Field, StringConstraints

from admin_api.schemas.base import In, Instant, Line, Moment, Out, Reason, RowId, Slug, Until, seconds
from admin_api.schemas.cards import CardOut, SawProof
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation, mask_phone
from gateway.services.household import DueItem, HouseholdView, OccupantView, PersonView

Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{0,32}$"), Field(examples=["138 0000 1234"])]


class UnitIn(In):
    """A unit by its code."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,8}-[0-9A-Za-z]{1,8}-[0-9A-Za-z]{1,8}$")] = Field(
        description="Building, entrance, room.", examples=["3-1-502"]
    )
    areas: list[Slug] = Field(default=[], max_length=16, description="Its own areas, besides the common ones.")


class UnitOut(Out):
    """A unit."""

    id: int
    code: str
    building: str
    entrance: str
    room: str
    areas: list[str]
    handed_over_at: Moment | None
    arrears: bool = Field(description="Advice only; it closes no door (R-CARD-25).")


class HandoverIn(In):
    """When the owner took possession."""

    on: Instant | None = Field(default=None, description="Now, when left out.")


class ArrearsIn(In):
    """What billing says."""

    arrears: bool


class TransferIn(In):
    """The unit was sold."""

    new_owners: list[RowId] = Field(min_length=1, max_length=10, description="People on file.")
    proof: SawProof


class PersonIn(In):
    """Someone on file. Of the identity document a keyed hash and the last four characters are kept."""

    name: Line = Field(examples=["李娜"])
    phone: Phone = ""
    id_number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{4,32}$")] | None = None


class PersonEdit(In):
    """What changes; what is left out stays."""

    name: Line | None = None
    phone: Phone | None = None
    id_number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{4,32}$")] | None = None


class PersonOut(Out):
    """Someone on file. Who may not change a person sees the phone masked."""

    id: int
    name: str
    phone: str
    id_last4: str

    @classmethod
    def of(cls, view: PersonView, *, masked: bool) -> "PersonOut":
        """From the service's view."""
        phone = mask_phone(view.phone) if masked else view.phone
        return cls(id=view.id, name=view.name, phone=phone, id_last4="" if masked else view.id_last4)


class ConsentIn(In):
    """An owner's word for someone else."""

    by: RowId = Field(description="The owner, a person on file.")
    method: SawProof = Field(examples=["phone_to_owner"])
    at: Instant

    def consent(self) -> Consent:
        """As the service takes it."""
        return Consent(self.by, self.method, seconds(self.at) or 0)


class OccupantIn(In):
    """Someone belongs to a household."""

    person_id: RowId
    relation: Annotated[Relation, Field(strict=False)] = Field(examples=["owner"])
    proof: SawProof
    valid_from: Instant | None = Field(default=None, description="Now, when left out.")
    valid_until: Instant | None = Field(default=None, description="The end of the lease; a tenant needs one.")
    consent: ConsentIn | None = Field(default=None, description="A tenant or helper waits for an owner without it.")


class ConsentOut(Out):
    """An owner's word."""

    by: int
    method: Proof
    at: Moment


class OccupantOut(Out):
    """How someone belongs to a unit."""

    id: int
    unit_id: int
    unit: str
    person_id: int
    name: str
    phone: str
    relation: Relation
    basis: str
    valid_from: Moment
    valid_until: Until
    proof: Proof
    consent: ConsentOut | None
    ended_at: Moment | None

    @classmethod
    def of(cls, view: OccupantView, *, masked: bool) -> "OccupantOut":
        """From the service's view."""
        shown = cls.model_validate(view)
        return shown.model_copy(update={"phone": mask_phone(view.phone)}) if masked else shown


class SlipLineOut(Out):
    """A release slip in one line."""

    id: int
    slip_no: int | None
    kind: str
    state: str
    created_at: Moment
    expires_at: Moment | None


class DueOut(Out):
    """Something somebody must do soon."""

    sentence: str
    card_id: int | None
    occupant_id: int | None

    @classmethod
    def of(cls, item: DueItem) -> "DueOut":
        """From the service's view."""
        return cls(sentence=str(item), card_id=item.card_id, occupant_id=item.occupant_id)


class HouseholdOut(Out):
    """Everything about a unit on one sheet."""

    unit: UnitOut
    occupants: list[OccupantOut]
    cards: list[CardOut]
    slips: list[SlipLineOut]
    due: list[DueOut]

    @classmethod
    def of(cls, view: HouseholdView, *, masked: bool) -> "HouseholdOut":
        """From the service's view."""
        return cls(
            unit=UnitOut.model_validate(view.unit),
            occupants=[OccupantOut.of(occupant, masked=masked) for occupant in view.occupants],
            cards=[CardOut.model_validate(card) for card in view.cards],
            slips=[SlipLineOut.model_validate(slip) for slip in view.slips],
            due=[DueOut.of(item) for item in view.due],
        )


class EndIn(In):
    """Someone moved out."""

    reason: Reason


class HitOut(Out):
    """One household that matches."""

    kind: str = Field(examples=["person"])
    text: str
    unit_id: int | None
    unit: str | None
    person_id: int | None
    name: str | None
    card_id: int | None


class HitsOut(Out):
    """Best kinds first."""

    items: list[HitOut]
