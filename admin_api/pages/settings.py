"""Settings: one's own account, who may sign in, tokens of machines, controllers."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Response

from admin_api import auth, enrolment, roles
from admin_api.pages.forms import Form, number, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.person import Role
from gateway.services import accounts, gates

routes = router()
Anyone = Annotated[Visit, Depends(Enter(roles.ANYONE))]
Admin = Annotated[Visit, Depends(Enter(roles.USERS))]
Configurer = Annotated[Visit, Depends(Enter(roles.CONFIGURE))]


@routes.get("/settings")
def settings(visit: Anyone) -> Response:
    """What this visitor may see of it."""
    return _show(visit)


@routes.post("/settings/password")
def change_password(visit: Anyone) -> Response:
    """One's own, with the old one; it ends every session."""
    user, password = visit.caller.user_id, str(visit.form.get("password", ""))
    if user is None:
        raise MalformedError(N_("A machine has no password."))
    client, old = visit.request.client, str(visit.form.get("old_password", ""))
    try:
        if _asks_old(visit):
            net = client.host if client else ""
            accounts.check_old_password(visit.house.store, user, old, net=net, now=visit.now)
        visit.write(lambda uow: accounts.change_password(uow, user, password))
    except GatehouseError as error:
        return _show(visit, Form(errors=visit.again(error).errors, sentence=visit.say.error(error)))
    return see_other("/sign-in")


def _asks_old(visit: Visit) -> bool:
    user = visit.caller.user_id
    with visit.read() as conn:
        return user is not None and accounts.needs_old_password(conn, user, visit.request.cookies.get(auth.COOKIE, ""))


@routes.post("/settings/users")
def add_user(visit: Admin) -> Response:
    """Someone new; they sign in first by a one-time link."""
    values = texts(visit.form)
    try:
        chosen = {Role(str(role)) for role in visit.form.getlist("roles") if role in set(Role)}
        visit.write(
            lambda uow: accounts.create_user(
                uow,
                login=values.get("login", ""),
                name=values.get("name", ""),
                roles=chosen,
                post=values.get("post") or None,
            )
        )
    except GatehouseError as error:
        return _show(visit, visit.again(error))
    return see_other("/settings")


@routes.post("/settings/users/{user_id}/link")
def make_link(visit: Admin, user_id: int) -> Response:
    """A one-time link, shown once: it is not kept in clear, so there is nothing to come back to."""
    secret = visit.write(lambda uow: accounts.make_sign_in_link(uow, user_id))
    with visit.read() as conn:
        user = accounts.get_user(conn, user_id)
    address = str(visit.request.base_url).rstrip("/") + f"/sign-in/{secret}"
    title = visit.say(N_("One-time link for %(name)s"), name=user.name)
    return _once(
        visit, title, N_("Hand it over in person or by a private message; it works once, for ten minutes."), address
    )


@routes.post("/settings/tokens")
def add_token(visit: Admin) -> Response:
    """A token for a machine, shown once."""
    values = texts(visit.form)
    try:
        chosen = [Role(str(role)) for role in visit.form.getlist("roles") if role in set(Role)]
        _id, token = visit.write(
            lambda uow: accounts.create_token(
                uow, name=values.get("token_name", ""), roles=chosen, days=number(values, "days")
            )
        )
    except GatehouseError as error:
        return _show(visit, visit.again(error))
    return _once(visit, visit.say(N_("The new token")), N_("Copy it now; it is not shown again."), token)


@routes.post("/settings/tokens/{token_id}/revoke")
def revoke_token(visit: Admin, token_id: int) -> Response:
    """It works no longer."""
    visit.write(lambda uow: accounts.revoke_token(uow, token_id))
    return see_other("/settings")


@routes.post("/settings/controllers/{controller_id}/enrol")
def enrol(visit: Configurer, controller_id: str) -> Response:
    """The provisioning file, shown once; enrolling again makes new credentials."""
    parts = visit.write(lambda uow: enrolment.enrol(visit.house, uow, controller_id))
    title = visit.say(N_("Provisioning file of %(controller)s"), controller=controller_id)
    told = N_("Save it on the controller now; it is not shown again, and it holds secrets.")
    return _once(visit, title, told, json.dumps(parts, indent=2, ensure_ascii=False))


def _once(visit: Visit, title: str, told: str, secret: str) -> Response:
    return visit.render("settings/once.html", here="settings", title=title, told=visit.say(told), secret=secret)


def _show(visit: Visit, form: Form | None = None) -> Response:
    shown = form or Form()
    return visit.render(
        "settings/settings.html",
        status=422 if shown.sentence else 200,
        here="settings",
        form=shown,
        asks_old=_asks_old(visit),
        **_lists(visit),
    )


def _lists(visit: Visit) -> Mapping[str, Any]:
    sees_users, configures = visit.may(roles.USERS_READ), visit.may(roles.CONFIGURE)
    with visit.read() as conn:
        return {
            "users": accounts.list_users(conn) if sees_users else None,
            "tokens": [t for t in accounts.list_tokens(conn) if t.revoked_at is None] if sees_users else None,
            "controllers": gates.list_controllers(conn) if configures else None,
            "posts": gates.list_posts(conn) if sees_users else [],
        }
