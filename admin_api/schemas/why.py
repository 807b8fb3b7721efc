"""Why a credential is admitted or refused, and how far a card's last change has come."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.schemas.base import In, Instant, Moment, Out, RowId, Slug, Until
from gateway.domain.decision import Reason
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import Identity, IdentityKind
from gateway.services.reach import PortalReach, ReachState, count
from gateway.services.why import WhyView

KINDS = {kind.name.lower(): kind for kind in IdentityKind}


class DecisionIn(In):
    """What a reader would have read, where and when."""

    portal: Slug = Field(examples=["main-in"])
    identity: Literal["uid", "secure", "wiegand", "plate", "pass", "pin"] = Field(examples=["uid"])
    value: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="Hexadecimal; a plate and a PIN as they are.", examples=["04A1B2C3D4E5F6"]
    )
    at: Instant | None = Field(default=None, description="Now, when left out.")

    def presented(self) -> Identity:
        """As a gate sees it."""
        return Identity.parse(KINDS[self.identity], self.value)


class TermsOut(Out):
    """The entry that decided."""

    valid_from: Moment
    valid_until: Until
    schedule: int
    flags: int


class BasisOut(Out):
    """Why the holder has any right at all."""

    basis: str
    relation: str
    unit: str
    valid_from: Moment
    valid_until: Until


class DecisionOut(Out):
    """The gate's own decision, explained. Nothing was changed."""

    granted: bool
    reason: Reason | None
    sentence: str
    portal: str
    list: str | None
    epoch: int
    version: int
    terms: TermsOut | None
    credential: str | None
    card_id: int | None
    holder: str | None
    unit: str | None
    bases: tuple[BasisOut, ...]

    @classmethod
    def of(cls, view: WhyView) -> "DecisionOut":
        """From the service's view."""
        card = view.card
        return cls(
            granted=view.granted,
            reason=view.reason,
            sentence=view.sentence,
            portal=view.portal,
            list=view.list,
            epoch=view.epoch,
            version=view.version,
            terms=None if view.terms is None else TermsOut.model_validate(view.terms),
            credential=view.credential,
            card_id=None if card is None else card.id,
            holder=None if card is None else card.holder,
            unit=None if card is None else card.unit,
            bases=tuple(BasisOut.model_validate(home) for home in view.homes),
        )


class GateOut(Out):
    """One gate and what it does with the card, as far as it has reported."""

    portal: str
    name: str
    controller: str | None
    listed: bool
    state: ReachState
    confirmed_at: Moment | None
    since: Moment | None = Field(description="Offline since.")


class ReachOut(Out):
    """In force at ``confirmed`` of ``total`` gates."""

    confirmed: int
    total: int
    gates: list[GateOut]

    @classmethod
    def of(cls, reached: list[PortalReach]) -> "ReachOut":
        """From the service's view."""
        confirmed, total = count(reached)
        return cls(confirmed=confirmed, total=total, gates=[GateOut.model_validate(gate) for gate in reached])


class EntitlementOut(Out):
    """One right and the basis it follows from."""

    area: str
    basis: BasisKind
    basis_id: int
    holder: RowId
    terms: TermsOut
