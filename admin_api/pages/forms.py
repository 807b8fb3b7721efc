"""What was typed, and what was wrong with it: forms come back with both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from admin_api.pages.i18n import N_, Speaker
from gateway.domain.errors import GatehouseError, MalformedError, RuleViolationError


@dataclass(frozen=True, slots=True)
class Form:
    """``errors`` maps a field to what is wrong with it, ``sentence`` says what is wrong as a whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    rule: str = ""

    @classmethod
    def of(cls, data: FormData, error: GatehouseError, say: Speaker) -> Self:
        """The form as it was sent, with what the house says of it."""
        rule = error.rule if isinstance(error, RuleViolationError) else ""
        errors = {name: say(text) for name, text in error.fields.items()}
        return cls(texts(data), errors, say.error(error), rule)


def texts(data: FormData) -> dict[str, str]:
    """The fields of a form as text, each without the blanks around it; files are left out."""
    return {name: value.strip() for name, value in data.items() if isinstance(value, str)}


def number(values: Mapping[str, str], name: str) -> int:
    """A whole number, or MalformedError naming the field."""
    text = values.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise _malformed(name, N_("a whole number"))
    return int(text)


def day_start(values: Mapping[str, str], name: str, zone: ZoneInfo) -> int | None:
    """Midnight at the start of a day as HTML's date field sends it, in unix seconds; None when it was left empty."""
    day = _day(values, name)
    return None if day is None else _midnight(day, zone)


def day_end(values: Mapping[str, str], name: str, zone: ZoneInfo) -> int | None:
    """The first moment after a day, in unix seconds: a lease "until 31 May" ends when 1 June begins."""
    day = _day(values, name)
    return None if day is None else _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def _day(values: Mapping[str, str], name: str) -> date | None:
    text = values.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _malformed(name, N_("a date such as 2026-05-31")) from None


def _malformed(name: str, what: str) -> MalformedError:
    return MalformedError(N_("Something in the form is not filled in as it should be."), fields={name: what})
