"""Signing in and out, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from admin_api.auth import COOKIE, TheHouse, check_not_foreign, clear_cookie, set_cookie
from admin_api.guard import PUBLIC
from admin_api.mutations import Call, reads, writes
from admin_api.problems import request_id
from admin_api.roles import ANYONE
from admin_api.schemas.accounts import LanguageIn, MeOut, Redeem, SessionOut, SignedOut, SignIn
from gateway.domain.errors import MalformedError
from gateway.services import accounts
from gateway.storage.store import SYSTEM, UnitOfWork

router = APIRouter(prefix="/api/v1", tags=["session"])


@router.post("/session", summary="Sign in", status_code=201, response_model=SessionOut, dependencies=[Depends(PUBLIC)])
def sign_in(body: SignIn, request: Request, house: TheHouse) -> Response:
    """Sets the session's cookie. Five wrong passwords in a row make the next tries wait (429)."""
    check_not_foreign(request)
    net = request.client.host if request.client else ""
    session = accounts.sign_in(house.store, login=body.login, password=body.password, net=net, now=house.clock.wall())
    return _begun(session)


@router.post(
    "/session/link",
    summary="Sign in by link",
    status_code=201,
    response_model=SessionOut,
    dependencies=[Depends(PUBLIC)],
)
def redeem(body: Redeem, request: Request, house: TheHouse) -> Response:
    """A link works once and for ten minutes."""
    check_not_foreign(request)
    with house.store.write(SYSTEM, request_id=request_id(request)) as uow:
        session = accounts.redeem_link(uow, body.secret)
    return _begun(session)


def _begun(session: accounts.Session) -> Response:
    answer = _json(SessionOut.model_validate(session), 201)
    set_cookie(answer, session.secret, accounts.SESSION_S)
    return answer


@router.delete("/session", summary="Sign out", response_model=SignedOut)
def sign_out(call: Annotated[Call, Depends(writes(ANYONE))]) -> Response:
    """Ends the session of the cookie."""
    secret = call.request.cookies.get(COOKIE)
    if secret is None or call.caller.csrf is None:
        raise MalformedError("A machine's token has no session to end; revoke the token instead.")

    def ended(uow: UnitOfWork) -> SignedOut:
        accounts.sign_out(uow, secret)
        return SignedOut()

    answer = call.write(ended)
    clear_cookie(answer)
    return answer


@router.get("/me", summary="Who asks", response_model=MeOut)
def me(call: Annotated[Call, Depends(reads(ANYONE))]) -> Response:
    """With the token that guards changes made from a browser."""
    actor, caller = call.caller.actor, call.caller
    return call.show(
        MeOut(
            id=actor.id,
            name=actor.name,
            roles=sorted(actor.roles),
            post=actor.post,
            language=caller.language,
            csrf=caller.csrf,
        )
    )


@router.put("/me/language", summary="Choose a language", response_model=LanguageIn)
def set_language(body: LanguageIn, call: Annotated[Call, Depends(writes(ANYONE))]) -> Response:
    """Of one's own pages."""
    user_id = call.caller.user_id
    if user_id is None:
        raise MalformedError("A machine's token has no language.")

    def chosen(uow: UnitOfWork) -> LanguageIn:
        accounts.set_language(uow, user_id, body.language)
        return body

    return call.write(chosen)


def _json(model: BaseModel, status: int) -> Response:
    return Response(model.model_dump_json(), status, media_type="application/json")
