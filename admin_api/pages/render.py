"""From a template and values to a page: one Jinja environment a language, everything escaped."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from admin_api.pages import encode_words, words
from admin_api.pages.encode_acts import JOB_ACTS, acts_for
from admin_api.pages.i18n import LANGUAGES, Speaker, speaker
from gateway.domain.card_data import CLONABLE

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language, X-Partial",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Moments as they are told on a page: relative in sight, absolute on hover."""

    say: Speaker
    zone: ZoneInfo
    now: float

    def when(self, at: float) -> Markup:
        """How long ago, kept true by times.js."""
        return self._time(at, self.say.ago(at, self.now), " data-relative")

    def moment(self, at: float) -> Markup:
        """Date and time of day."""
        return self._time(at, self.say.moment(at, self.zone), "")

    def day(self, at: float) -> Markup:
        """The date."""
        return self._time(at, self.say.day(at, self.zone), "")

    def clock(self, at: float) -> Markup:
        """The time of day."""
        return self._time(at, self.say.time(at, self.zone), "")

    def _time(self, at: float, text: str, mark: str) -> Markup:
        iso = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        title = escape(self.say.moment(at, self.zone))
        return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(iso, title, Markup(mark), text)  # noqa: S704 - the mark is one of two constants


@cache
def environment(language: str) -> Environment:
    """The templates, speaking one language."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    voice = speaker(language)
    env.install_gettext_translations(voice.catalogue, newstyle=True)  # type: ignore[attr-defined]  # added by the i18n extension
    env.filters["number"] = voice.number
    env.globals.update(say=voice, words=words, languages=LANGUAGES, asset=asset)
    env.globals.update(encode_words=encode_words, clonable=CLONABLE, JOB_ACTS=JOB_ACTS, job_acts=acts_for)
    return env


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file's content, so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def page(
    template: str,
    voice: Speaker,
    context: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A template as an answer, with the policy that keeps foreign scripts out."""
    text = environment(voice.language).get_template(template).render(context)
    return HTMLResponse(text, status, {**HEADERS, **(headers or {})})
