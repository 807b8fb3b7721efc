"""Signing in and out, and choosing a language."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Response

from admin_api import auth, roles
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import LANGUAGES
from admin_api.pages.web import LANGUAGE_COOKIE, ROOMS, Enter, Visit, own_path, router, see_other, welcome
from gateway.domain.errors import GatehouseError
from gateway.services import accounts
from gateway.storage.store import SYSTEM

routes = router()
Guest = Annotated[Visit, Depends(welcome)]


@routes.get("/")
def home(visit: Annotated[Visit, Depends(Enter(roles.ANYONE))]) -> Response:
    """Everyone to the room where they work."""
    guard = visit.caller.actor.post is not None and visit.may(roles.POST)
    room = "post" if guard else next(room.key for room in ROOMS if visit.may(room.roles))
    return see_other(f"/{room}")


@routes.get("/sign-in")
def ask(visit: Guest, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form, unless someone is signed in already."""
    if visit.guest is not None:
        return see_other(own_path(next))
    return visit.render("sign-in.html", next=own_path(next), secret="")


@routes.post("/sign-in")
def sign_in(visit: Guest) -> Response:
    """Name and password."""
    values = texts(visit.form)
    password = str(visit.form.get("password", ""))
    client = visit.request.client
    try:
        session = accounts.sign_in(
            visit.house.store,
            login=values.get("login", ""),
            password=password,
            net=client.host if client else "",
            now=visit.now,
        )
    except GatehouseError as error:
        form = _without_password(visit.again(error))
        return visit.render("sign-in.html", status=422, next=own_path(values.get("next", "/")), secret="", form=form)
    return _signed_in(session.secret, own_path(values.get("next", "/")))


@routes.get("/sign-in/{secret}")
def ask_link(visit: Guest, secret: str) -> Response:
    """A one-time link shows a button first: looking at it, as chat programs do, does not use it up."""
    return visit.render("sign-in.html", next="/", secret=secret)


@routes.post("/sign-in/{secret}")
def redeem_link(visit: Guest, secret: str) -> Response:
    """The button was pressed: the link is used up."""
    try:
        session = visit.house.store.run(SYSTEM, lambda uow: accounts.redeem_link(uow, secret))
    except GatehouseError as error:
        return visit.render("sign-in.html", status=422, next="/", secret=secret, form=visit.again(error))
    return _signed_in(session.secret, "/")


@routes.post("/sign-out")
def sign_out(visit: Annotated[Visit, Depends(Enter(roles.ANYONE))]) -> Response:
    """Ends the session, here and on the server."""
    visit.write(lambda uow: accounts.sign_out(uow, visit.request.cookies.get(auth.COOKIE, "")))
    answer = see_other("/sign-in")
    auth.clear_cookie(answer)
    return answer


@routes.post("/language")
def choose_language(visit: Guest) -> Response:
    """Kept with the account of who is signed in, else in the browser."""
    values = texts(visit.form)
    chosen = values.get("language", "")
    answer = see_other(own_path(values.get("back", "/")))
    if chosen in LANGUAGES:
        caller = visit.guest
        if caller is not None and caller.user_id is not None:
            auth.check_csrf(caller, values.get("csrf"))
            user = caller.user_id
            visit.write(lambda uow: accounts.set_language(uow, user, chosen))
        answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 24 * 3600, httponly=True, samesite="strict")
    return answer


def _without_password(form: Form) -> Form:
    return replace(form, values={name: value for name, value in form.values.items() if name != "password"})


def _signed_in(secret: str, path: str) -> Response:
    answer = see_other(path)
    auth.set_cookie(answer, secret, accounts.SESSION_S)
    return answer
