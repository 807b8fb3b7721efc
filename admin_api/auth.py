"""Who asks: a person by cookie session, a machine by bearer token; and whether a browser was tricked into asking."""

import hmac
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from gateway.domain.errors import ForbiddenError, StoreBusyError, StoreFullError, UnauthenticatedError
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import accounts
from gateway.storage.store import SYSTEM, Actor

COOKIE: Final = "__Host-gatehouse"
CSRF_HEADER: Final = "X-CSRF-Token"
_USE_NOTED_EVERY_S: Final = 3600
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is signed in. ``csrf`` is None for machines: no browser sends a bearer token by itself."""

    actor: Actor
    csrf: str | None = None
    language: str = "zh-Hans"
    user_id: int | None = None

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether any role of the caller is among these."""
        return not self.actor.roles.isdisjoint(roles)


def house_of(request: Request) -> House:
    """The house this application serves."""
    house: House = request.app.state.house
    return house


async def _house(request: Request) -> House:
    return house_of(request)


TheHouse = Annotated[House, Depends(_house)]


def identify(house: House, request: Request) -> Caller | None:
    """Who asks, or None. A bearer token goes before a cookie; a bad one is not rescued by a good cookie."""
    header = request.headers.get("authorization")
    if header is not None:
        return _machine(house, header)
    secret = request.cookies.get(COOKIE)
    return None if secret is None else _person(house, secret)


def _machine(house: House, header: str) -> Caller | None:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip().isascii():
        return None
    now = int(house.clock.wall())
    with house.store.read() as conn:
        token = accounts.token_of(conn, text.strip(), now)
    if token is None:
        return None
    if now - (token.used_at or 0) >= _USE_NOTED_EVERY_S:
        _note_use(house, token.id)
    return Caller(Actor(f"token:{token.id}", token.name, token.roles))


def _note_use(house: House, token_id: int) -> None:
    """A store that cannot write now does not keep anyone from reading."""
    with suppress(StoreBusyError, StoreFullError), house.store.write(SYSTEM) as uow:
        accounts.note_token_use(uow, token_id)


def _person(house: House, secret: str) -> Caller | None:
    if not secret.isascii():
        return None
    with house.store.read() as conn:
        session = accounts.session_of(conn, secret, int(house.clock.wall()))
    if session is None:
        return None
    user = session.user
    return Caller(Actor(f"user:{user.id}", user.name, user.roles, user.post), session.csrf, user.language, user.id)


def check_same_origin(request: Request) -> None:
    """Refuses what another site made a browser send: says ForbiddenError unless the browser vouches for us.

    Reads ``Sec-Fetch-Site`` (Fetch Metadata, W3C) and ``Origin`` (RFC 6454, 7); at least one must speak.
    """
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        raise ForbiddenError("The browser did not say where this request comes from.")
    check_not_foreign(request)


def check_not_foreign(request: Request) -> None:
    """As :func:`check_same_origin`, for askers who bring no cookie: a machine need not say where it comes from."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign_site = site is not None and site != "same-origin"
    if foreign_site or (origin is not None and _host_of(origin) != request.headers.get("host")):
        raise ForbiddenError("This request comes from another site.")


def _host_of(origin: str) -> str | None:
    """The host and port of an origin; None for "null" and for what is no address at all."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def check_csrf(caller: Caller, token: str | None) -> None:
    """Refuses a change by session whose token is missing or not the session's own."""
    if caller.csrf is not None and not hmac.compare_digest(caller.csrf.encode(), (token or "").encode()):
        raise ForbiddenError("The form is out of date; load the page again.")


def set_cookie(response: Response, secret: str, max_age_s: int) -> None:
    """Hands the session's secret to the browser, for this host only and out of reach of scripts."""
    response.set_cookie(COOKIE, secret, max_age=max_age_s, path="/", secure=True, httponly=True, samesite="strict")


def clear_cookie(response: Response) -> None:
    """Takes the session's secret back."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


class Require:
    """A dependency: the caller, who has one of these roles, and whose browser was not tricked."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles

    def __call__(self, request: Request) -> Caller:
        """The caller; raises UnauthenticatedError or ForbiddenError. Runs in a worker thread."""
        caller = identify(house_of(request), request)
        if caller is None:
            raise UnauthenticatedError("Sign in first, or send a valid token.")
        if not caller.may(self.roles):
            allowed = " or ".join(sorted(role.value.replace("_", " ") for role in self.roles))
            raise ForbiddenError("Your role does not allow this. Ask someone who may: %(roles)s.", roles=allowed)
        if caller.csrf is not None and request.method not in _SAFE:
            check_same_origin(request)
            check_csrf(caller, request.headers.get(CSRF_HEADER))
        return caller


def require(roles: frozenset[Role]) -> Require:
    """The dependency that lets only these roles pass: ``Depends(require(DESK))``."""
    return Require(roles)
