"""The three languages of the pages: catalogues, plurals, dates, and which one to speak.

Catalogues are gettext .po files, read as they are: nothing has to be compiled before the first start.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from gateway.domain.errors import GatehouseError

SOURCE: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
CATALOGUES: Final = Path(__file__).parent / "locale"

# What browsers ask for, and which of ours answers it.
_ALIASES: Final[Mapping[str, str]] = {
    "zh": "zh-Hans",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-MO": "zh-Hant",
}


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Marks a sentence for translation where it is written; it is translated where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Speaker:
    """One language: sentences, plurals, numbers and times as its readers expect them."""

    language: str
    locale: Locale
    catalogue: NullTranslations

    def __call__(self, message: str, **params: object) -> str:
        """The sentence in this language, its places filled."""
        text = self.catalogue.gettext(message) if message else ""
        return text % params if params else text

    def plural(self, one: str, many: str, n: int, **params: object) -> str:
        """The sentence for ``n`` things."""
        return self.catalogue.ngettext(one, many, n) % {"n": self.number(n), **params}

    def error(self, error: GatehouseError) -> str:
        """What an error says to the person who must act next."""
        return self.fill(error.template, error.params)

    def fill(self, template: str, params: Mapping[str, object]) -> str:
        """A template with values; values that are words of ours are translated too."""
        said = {name: self(value) if isinstance(value, str) else value for name, value in params.items()}
        text = self(template)
        return text % said if said else text

    def number(self, value: int) -> str:
        """A whole number."""
        return numbers.format_decimal(value, locale=self.locale)

    def ago(self, at: float, now: float) -> str:
        """How far a moment lies from now, in its largest unit."""
        return dates.format_timedelta(
            timedelta(seconds=at - now), threshold=1.0, add_direction=True, locale=self.locale
        )

    def moment(self, at: float, zone: ZoneInfo) -> str:
        """Date and time of day, as written here."""
        return f"{self.day(at, zone)} {self.time(at, zone, 'HH:mm')}"

    def day(self, at: float, zone: ZoneInfo) -> str:
        """The date."""
        return dates.format_date(datetime.fromtimestamp(at, zone), "medium", locale=self.locale)

    def time(self, at: float, zone: ZoneInfo, pattern: str = "HH:mm:ss") -> str:
        """The time of day, in 24 hours as at every gate."""
        return dates.format_time(datetime.fromtimestamp(at, UTC), pattern, tzinfo=zone, locale=self.locale)


@cache
def speaker(language: str) -> Speaker:
    """The speaker of one of :data:`LANGUAGES`."""
    locale = Locale.parse(language, sep="-")
    return Speaker(language, locale, _catalogue(locale, language))


def _catalogue(locale: Locale, language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    source = CATALOGUES / str(locale) / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return Translations(compiled)


def negotiate(accept_language: str, default: str = "zh-Hans") -> str:
    """The language of ours that a browser's Accept-Language (RFC 9110, 12.5.4) prefers."""
    wanted = [tag for tag, _ in sorted(_preferences(accept_language), key=lambda p: -p[1])]
    return negotiate_locale(wanted, list(LANGUAGES), sep="-", aliases=_ALIASES) or default


def _preferences(accept_language: str) -> list[tuple[str, float]]:
    preferences = []
    for part in accept_language.split(",")[:16]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            preferences.append((_ALIASES.get(tag, tag), float(quality or 1)))
        except ValueError:
            continue
    return preferences
