"""The types all bodies are made of: strict, bounded, and nothing unknown let through."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.domain.whitelist import NO_END

MAX_ID: Final = 2**63 - 1
T = TypeVar("T")


class In(BaseModel):
    """A body someone sends: unknown fields and wrong types are refused, not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Out(BaseModel):
    """A body we send, made from a view."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def printable(text: Any) -> Any:
    """Control characters have no place in a name, and PostgreSQL takes no NUL."""
    if isinstance(text, str) and any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("no control characters")
    return text


def _seconds(value: datetime) -> int:
    return int(value.timestamp())


def _text_only(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is text, as RFC 3339 writes it")  # noqa: TRY004 - pydantic collects ValueError
    return value


def _from_seconds(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value


_Year = Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2106, 1, 1, tzinfo=UTC))

RowId = Annotated[int, Field(ge=1, le=MAX_ID)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(printable)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(printable)]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
    AfterValidator(printable),
    Field(description="Why, for the record.", examples=["delivery lorry, seen by the captain"]),
]
Search = Annotated[str, StringConstraints(max_length=80), AfterValidator(printable)]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f: ]{2,60}$"), Field(examples=["04A1B2C3D4E5F6"])]

Instant = Annotated[
    AwareDatetime,
    _Year,
    BeforeValidator(_text_only),
    Field(strict=False, description="RFC 3339, with offset."),
]
"""A moment someone sends."""

Moment = Annotated[datetime, BeforeValidator(_from_seconds), Field(description="RFC 3339, UTC.")]
"""A moment we send, made from unix seconds."""


def seconds(value: datetime | None) -> int | None:
    """Unix seconds of a moment someone sent."""
    return None if value is None else _seconds(value)


class Page(BaseModel, Generic[T]):
    """Part of a list, newest last. Ask again with ``after`` = ``next`` until ``next`` is null."""

    items: list[T]
    next: str | None = Field(description="The cursor of the next part, or null at the end.")


def page_of(items: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """A page from ``limit + 1`` items: the last one only says that there is more. ``cursor`` names an item."""
    shown = list(items[:limit])
    return Page(items=shown, next=str(cursor(shown[-1])) if len(items) > limit else None)


def part_of(items: Iterable[T], after: str | None, limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """A page of a short list that is whole in memory, sorted by its text cursor."""
    rest = sorted((item for item in items if after is None or cursor(item) > after), key=cursor)
    return page_of(rest[: limit + 1], limit, cursor)


Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
AfterId = Annotated[int, Query(ge=0, le=MAX_ID, description="The cursor: `next` of the part before.")]
AfterText = Annotated[
    str | None, Query(max_length=40, description="The cursor: `next` of the part before."), AfterValidator(printable)
]


def _hex(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _end(value: Any) -> Any:
    return None if value == NO_END else _from_seconds(value)


HexOut = Annotated[str, BeforeValidator(_hex), Field(examples=["04a1b2c3d4e5f6"])]
"""Bytes we send, in hexadecimal."""

Until = Annotated[
    datetime | None, BeforeValidator(_end), Field(description="The first moment it is no longer so; null: no end.")
]
"""An end we send, made from unix seconds."""
