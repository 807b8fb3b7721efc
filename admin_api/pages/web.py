"""How a page is asked for and answered: who visits, in which language, and errors as pages."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from admin_api import auth, roles
from admin_api.auth import Caller, house_of
from admin_api.pages.forms import Form
from admin_api.pages.i18n import LANGUAGES, N_, Speaker, negotiate, speaker
from admin_api.pages.render import Times, page
from admin_api.problems import request_id, status_of
from gateway.domain.errors import ForbiddenError, GatehouseError, MalformedError, NotFoundError, UnauthenticatedError
from gateway.domain.issuance import local_date
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.storage.store import UnitOfWork

LANGUAGE_COOKIE: Final = "gatehouse-language"
UPLOADS: Final = frozenset({"/desk/batches/new"})
"""Pages that take a file."""
T = TypeVar("T")


class Room(NamedTuple):
    """A place in the navigation, and who may enter it."""

    key: str
    href: str
    name: str
    icon: str
    roles: frozenset[Role]


ROOMS: Final = (
    Room("desk", "/desk", N_("Desk"), "desk", roles.DESK_READ),
    Room("post", "/post", N_("Post"), "slip", roles.VERIFY),
    Room("console", "/console", N_("Console"), "console", roles.RECORD),
    Room("settings", "/settings", N_("Settings"), "settings", roles.ANYONE),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one person: where they are, what they sent, how to speak to them."""

    house: House
    request: Request
    say: Speaker
    form: FormData
    guest: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Who is signed in; pages reached through :class:`Enter` always have someone."""
        if self.guest is None:
            raise UnauthenticatedError(N_("Sign in first."))
        return self.guest

    @property
    def now(self) -> int:
        """Unix seconds, as the gateway trusts them."""
        return int(self.house.clock.wall())

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return self.house.keeper.calendar().zone

    @property
    def today(self) -> date:
        """The day at the site."""
        return local_date(self.now, self.zone)

    def may(self, allowed: frozenset[Role]) -> bool:
        """Whether to show what only these roles may do."""
        return self.guest is not None and self.guest.may(allowed)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The store at one moment."""
        with self.house.store.read() as conn:
            yield conn

    def write(self, act: Callable[[UnitOfWork], T]) -> T:
        """One transaction in the visitor's name."""
        return self.house.store.run(self.caller.actor, act, request_id=request_id(self.request))

    def render(self, template: str, *, status: int = 200, **context: object) -> Response:
        """A page, or only its middle when a script asked for it (``X-Partial``)."""
        partial = "x-partial" in self.request.headers
        known: dict[str, object] = {
            "layout": "partial.html" if partial else "base.html",
            "times": Times(self.say, self.zone, self.house.clock.wall()),
            "path": self.request.url.path,
            "csrf_token": self.guest.csrf if self.guest else "",
            "user_name": self.guest.actor.name if self.guest else "",
            "rooms": [room for room in ROOMS if self.may(room.roles)],
            "roles": roles,
            "may": self.may,
            "here": "",
            "form": Form(),
        }
        return page(template, self.say, known | context, status=status)

    def again(self, error: GatehouseError) -> Form:
        """The form as it was sent, with what is wrong."""
        return Form.of(self.form, error, self.say)


def see_other(path: str) -> Response:
    """After an act: look here (so that a reload does not act again)."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def own_path(path: str, default: str = "/") -> str:
    """A path of this site and nothing else: no way to send someone to another one."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else default


def _came_from(request: Request) -> str:
    """The path of the page someone came from; the front when a browser does not say or says nonsense."""
    try:
        return own_path(urlsplit(request.headers.get("referer", "")).path)
    except ValueError:
        return "/"


def language_of(request: Request, caller: Caller | None) -> str:
    """What someone chose, else what they have on file, else what their browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if caller is not None and caller.language in LANGUAGES:
        return caller.language
    return chosen if chosen in LANGUAGES else negotiate(request.headers.get("accept-language", ""))


async def _form(request: Request) -> AsyncIterator[FormData]:
    """What was sent; files are gone after the answer."""
    async with request.form(max_fields=400, max_files=int(request.url.path in UPLOADS)) as form:
        yield form


Sent = Annotated[FormData, Depends(_form)]


def _check_texts(request: Request, form: FormData) -> None:
    """No database takes a NUL in a text, so nobody's name has one: says MalformedError."""
    places = (request.path_params.values(), request.query_params.values(), form.values())
    if any("\0" in value for place in places for value in place if isinstance(value, str)):
        raise MalformedError(N_("Something in the form is not filled in as it should be."))


def welcome(request: Request, form: Sent) -> Visit:
    """Anyone at all: for the pages before signing in. A form must come from our own pages."""
    _check_texts(request, form)
    house = house_of(request)
    caller = auth.identify(house, request)
    if request.method == "POST":
        auth.check_same_origin(request)
    return Visit(house, request, speaker(language_of(request, caller)), form, caller)


class Enter:
    """A dependency: the visit of someone who has one of these roles; a form must carry the session's token."""

    def __init__(self, allowed: frozenset[Role]) -> None:
        self.allowed = allowed

    def __call__(self, request: Request, form: Sent) -> Visit:
        """The visit; raises UnauthenticatedError or ForbiddenError. Runs in a worker thread."""
        visit = welcome(request, form)
        if not visit.caller.may(self.allowed):
            raise ForbiddenError(N_("Your role does not allow this."))
        if request.method == "POST":
            auth.check_csrf(visit.caller, str(form.get("csrf", "")))
        return visit


class PageRoute(APIRoute):
    """Answers what goes wrong with a page, or with the way to sign in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, with errors caught."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except GatehouseError as error:
                return await run_in_threadpool(error_page, request, error)
            except RequestValidationError:
                return await run_in_threadpool(error_page, request, NotFoundError(N_("There is no such page.")))

        return handle


def router() -> APIRouter:
    """A router for pages; they are no part of the machines' description of the API."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def error_page(request: Request, error: GatehouseError, status: int | None = None) -> Response:
    """An error in words, with the way back; who is not signed in is asked to. ``status``: not the error's own."""
    house = house_of(request)
    caller = auth.identify(house, request)
    if caller is None and isinstance(error, UnauthenticatedError):
        return _to_sign_in(request)
    visit = Visit(house, request, speaker(language_of(request, caller)), FormData(), caller)
    return visit.render(
        "error.html" if caller else "error-guest.html",
        status=status or status_of(error) or 500,
        title=visit.say(_TITLES.get(type(error), N_("This cannot be done"))),
        sentence=visit.say.error(error),
        rule=getattr(error, "rule", ""),
        back=_came_from(request),
    )


def _to_sign_in(request: Request) -> Response:
    if "x-partial" in request.headers:
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    wanted = request.url.path if request.method == "GET" else "/"
    return see_other("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted)}")


_TITLES: Final = {
    NotFoundError: N_("Not found"),
    ForbiddenError: N_("Not allowed"),
}
