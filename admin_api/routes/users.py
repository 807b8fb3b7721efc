"""Who may sign in, and the tokens of machines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection

from admin_api.mutations import Call, reads, writes
from admin_api.roles import USERS, USERS_READ
from admin_api.schemas.accounts import (
    LinkOut,
    NewTokenOut,
    PasswordIn,
    RolesIn,
    TokenIn,
    TokenOut,
    UserIn,
    UserOut,
)
from admin_api.schemas.base import AfterId, AfterText, Limit, Page, RowId, page_of, part_of
from gateway.domain.errors import NotFoundError
from gateway.services import accounts, gates
from gateway.storage.store import UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["users"])

Look = Annotated[Call, Depends(reads(USERS_READ))]
Manage = Annotated[Call, Depends(writes(USERS))]


@router.get("/users", summary="Who may sign in")
def list_users(call: Look, after: AfterText = None, limit: Limit = 100) -> Page[UserOut]:
    """By login."""
    with call.read() as conn:
        return part_of(map(UserOut.model_validate, accounts.list_users(conn)), after, limit, lambda user: user.login)


@router.post("/users", summary="Add a user", status_code=201, response_model=UserOut)
def add_user(body: UserIn, call: Manage) -> Response:
    """Without a password only a one-time link lets them in."""

    def added(uow: UnitOfWork) -> UserOut:
        if body.post is not None and all(post.id != body.post for post in gates.list_posts(uow.conn)):
            raise NotFoundError("There is no guard post %(id)s.", id=body.post, fields={"post": "unknown"})
        return UserOut.model_validate(accounts.create_user(uow, **body.model_dump()))

    return call.write(added, status=201)


@router.get("/users/{user_id}", summary="One user", response_model=UserOut)
def get_user(user_id: RowId, call: Look) -> Response:
    """With the entity tag an edit may be guarded by."""
    with call.read() as conn:
        return call.show(_user(conn, user_id))


@router.put("/users/{user_id}/roles", summary="Give other roles", response_model=UserOut)
def set_roles(user_id: RowId, body: RolesIn, call: Manage) -> Response:
    """Every session of the user ends."""
    return call.write(
        lambda uow: UserOut.model_validate(accounts.set_roles(uow, user_id, body.roles)),
        current=lambda conn: _user(conn, user_id),
    )


@router.post("/users/{user_id}/password", summary="Set a password", response_model=UserOut)
def set_password(user_id: RowId, body: PasswordIn, call: Manage) -> Response:
    """Every session of the user ends."""

    def changed(uow: UnitOfWork) -> UserOut:
        accounts.change_password(uow, user_id, body.password)
        return _user(uow.conn, user_id)

    return call.write(changed)


@router.post("/users/{user_id}/disable", summary="Shut a user out", response_model=UserOut)
def disable(user_id: RowId, call: Manage) -> Response:
    """Every session of the user ends at once."""
    return call.write(lambda uow: UserOut.model_validate(accounts.disable_user(uow, user_id)))


@router.post("/users/{user_id}/sign-in-link", summary="Make a sign-in link", response_model=LinkOut)
def make_link(user_id: RowId, call: Manage) -> Response:
    """It works once and for ten minutes, at `POST /api/v1/session/link`."""
    return call.write(lambda uow: LinkOut(secret=accounts.make_sign_in_link(uow, user_id)), secret=True)


def _user(conn: Connection, user_id: int) -> UserOut:
    return UserOut.model_validate(accounts.get_user(conn, user_id))


@router.get("/tokens", summary="The tokens of machines")
def list_tokens(call: Look, after: AfterId = 0, limit: Limit = 100) -> Page[TokenOut]:
    """Without their texts."""
    with call.read() as conn:
        found = [TokenOut.model_validate(token) for token in accounts.list_tokens(conn) if token.id > after]
    return page_of(found[: limit + 1], limit, lambda token: token.id)


@router.post("/tokens", summary="Make a token", status_code=201, response_model=NewTokenOut)
def make_token(body: TokenIn, call: Manage) -> Response:
    """Its text is shown this once."""

    def made(uow: UnitOfWork) -> NewTokenOut:
        token_id, text = accounts.create_token(uow, name=body.name, roles=body.roles, days=body.days)
        return NewTokenOut(id=token_id, token=text)

    return call.write(made, status=201, secret=True)


@router.post("/tokens/{token_id}/revoke", summary="Revoke a token", response_model=TokenOut)
def revoke(token_id: RowId, call: Manage) -> Response:
    """At once: the next request with it is refused."""

    def revoked(uow: UnitOfWork) -> TokenOut:
        accounts.revoke_token(uow, token_id)
        return next(TokenOut.model_validate(t) for t in accounts.list_tokens(uow.conn) if t.id == token_id)

    return call.write(revoked)
