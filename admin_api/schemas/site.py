"""The site, its areas, schedules and what each basis gives."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from admin_api.schemas.base import In, Line, Out, Slug
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import IdentityForm
from gateway.services.site import ListView, ScheduleView

Minute = Annotated[int, Field(ge=0, le=1440)]
Ranges = Annotated[
    list[Annotated[list[Minute], Field(min_length=2, max_length=2)]],
    Field(max_length=24, description="Half-open ranges of minutes since midnight.", examples=[[[480, 1080]]]),
]
Week = Annotated[list[Ranges], Field(min_length=7, max_length=7, description="Seven days, Monday first.")]
Form = Annotated[IdentityForm, Field(strict=False)]


class SiteOut(Out):
    """The site as it calls itself."""

    slug: str
    number: int
    name: str
    timezone: str = Field(examples=["Asia/Shanghai"])
    calendar_version: int
    config_version: int


class AreaIn(In):
    """A part of the site one may be allowed into."""

    id: Slug = Field(examples=["gardens"])
    name: Line = Field(examples=["南花园"])
    forms: list[Form] = Field(
        default=[IdentityForm.UID], min_length=1, max_length=9, description="What its readers show of a card."
    )


class AreaOut(Out):
    """An area; its whitelist has the same id."""

    id: str
    name: str
    forms: list[IdentityForm]


class FormsIn(In):
    """What the readers of an area show from now on."""

    forms: list[Form] = Field(min_length=1, max_length=9)


class RemovalOut(Out):
    """The removal goes to the gates."""

    list: str
    result: Literal["confirmed"] = "confirmed"


class ListOut(Out):
    """A whitelist: how far it has come and how many credentials stand on it."""

    id: str
    name: str
    epoch: int
    version: int
    count: int

    @classmethod
    def of(cls, view: ListView) -> "ListOut":
        """From the service's view."""
        return cls(id=view.area.id, name=view.area.name, epoch=view.epoch, version=view.version, count=view.count)


class RuleIn(In):
    """What a kind of basis gives."""

    common_areas: list[Slug] = Field(
        default=[], max_length=64, description="Areas everybody with this basis may enter."
    )
    unit_areas: bool = Field(default=True, description="Also the own areas of the unit.")
    schedule: int = Field(default=0, ge=0, le=255, description="0 is always.")
    flags: int = Field(default=0, ge=0, le=7, description="1 no anti-passback, 2 longer opening, 4 exit only.")


class RuleOut(Out):
    """What a kind of basis gives."""

    basis: BasisKind
    common_areas: list[str]
    unit_areas: bool
    schedule: int
    flags: int


class ScheduleIn(In):
    """When a credential is admitted, on the site's wall clock."""

    name: Line = Field(examples=["工作日"])
    weekdays: Week
    holidays: Ranges = Field(default=[])
    number: int | None = Field(default=None, ge=1, le=255, description="The lowest free one when left out.")


class ScheduleOut(Out):
    """A weekly schedule."""

    number: int
    name: str
    weekdays: list[list[tuple[int, int]]]
    holidays: list[tuple[int, int]]

    @classmethod
    def of(cls, view: ScheduleView) -> "ScheduleOut":
        """From the service's view."""
        days = [list(day) for day in view.schedule.weekdays]
        return cls(number=view.number, name=view.name, weekdays=days, holidays=list(view.schedule.holidays))


class HolidaysOut(Out):
    """The days on which the holiday hours of each schedule count."""

    days: list[date]
