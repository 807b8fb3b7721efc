"""Every error as ``application/problem+json`` (RFC 9457), with all bad fields at once and never a stack trace."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from admin_api.field_words import broken_json, fields_of
from admin_api.headers import SECURITY_HEADERS
from gateway.domain.errors import (
    ConflictError,
    ForbiddenError,
    GatehouseError,
    MalformedError,
    NotFoundError,
    RuleViolationError,
    StaleError,
    StoreBusyError,
    StoreFullError,
    TooManyError,
    UnauthenticatedError,
)
from gateway.ports import DeviceOfflineError, DeviceRefusedError, DeviceSilentError

_MOST_NAMED: Final = 8
MEDIA_TYPE: Final = "application/problem+json"
_LOG: Final = structlog.get_logger(__name__)
_Error = TypeVar("_Error", bound=Exception)

_STATUS: Final[Mapping[type[GatehouseError], HTTPStatus]] = {
    MalformedError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    DeviceRefusedError: HTTPStatus.CONFLICT,
    StaleError: HTTPStatus.PRECONDITION_FAILED,
    RuleViolationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    StoreBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceOfflineError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceSilentError: HTTPStatus.GATEWAY_TIMEOUT,
    StoreFullError: HTTPStatus.INSUFFICIENT_STORAGE,
}
_RETRY_AFTER_S: Final[Mapping[type[GatehouseError], int]] = {StoreBusyError: 1, DeviceOfflineError: 5}


class Problem(BaseModel):
    """Why a request was not done (RFC 9457)."""

    type: str = Field(examples=["urn:gatehouse:problem:unprocessable-entity"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="One sentence for the person who must act.", examples=["Unit 3-1-502 was not handed over yet."]
    )
    rule: str | None = Field(default=None, description="The rule of the house that says no.", examples=["R-CARD-1"])
    fields: dict[str, str] | None = Field(default=None, description="What is wrong with each bad field.")
    retry_after_s: int | None = Field(default=None, description="When to come back, in seconds.")
    request_id: str = Field(description="To find this request in the record and the log.")


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    rule: str | None = None,
    fields: Mapping[str, str] | None = None,
    retry_after_s: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    title = HTTPStatus(status).phrase
    body = Problem(
        type=f"urn:gatehouse:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        rule=rule,
        fields=dict(fields) if fields else None,
        retry_after_s=retry_after_s,
        request_id=request_id(request),
    )
    extra = dict(headers or {})
    if retry_after_s is not None:
        extra["Retry-After"] = str(retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    return Response(body.model_dump_json(exclude_none=True), status, extra, MEDIA_TYPE)


def request_id(request: Request) -> str:
    """The name of this request; empty outside the application's envelope."""
    return str(getattr(request.state, "request_id", ""))


def status_of(error: GatehouseError) -> HTTPStatus | None:
    """The HTTP status an error of the house comes to; None when nobody gave it one."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)


def of_error(request: Request, error: GatehouseError) -> Response:
    """The problem an error of the house comes to."""
    status = status_of(error)
    if status is None:
        return _unexpected(request, error)
    retry = error.retry_after_s if isinstance(error, TooManyError) else _RETRY_AFTER_S.get(type(error))
    rule = error.rule if isinstance(error, RuleViolationError) else error.params.get("rule")
    return problem(
        request, status, str(error), rule=None if rule is None else str(rule), fields=error.fields, retry_after_s=retry
    )


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    app.add_exception_handler(GatehouseError, _gatehouse_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(IntegrityError, _collision)
    app.add_exception_handler(Exception, _unexpected)


async def _gatehouse_error(request: Request, error: Exception) -> Response:
    return of_error(request, _as(GatehouseError, error))


async def _malformed(request: Request, error: Exception) -> Response:
    invalid = _as(RequestValidationError, error)
    broken = broken_json(invalid.errors(), str(invalid.body))
    if broken is not None:
        return problem(request, 400, broken)
    fields = fields_of(invalid.errors())
    named = ", ".join(list(fields)[:_MOST_NAMED]) + (" …" if len(fields) > _MOST_NAMED else "")
    return problem(request, 400, f"Something in the request is missing or wrong. Look at: {named}.", fields=fields)


async def _http_error(request: Request, error: Exception) -> Response:
    http = _as(HTTPException, error)
    return problem(request, http.status_code, _DETAILS.get(http.status_code, str(http.detail)), headers=http.headers)


async def _collision(request: Request, _error: Exception) -> Response:
    """Two changes at the same moment, of which the store took the other; each alone is refused by its rule."""
    return problem(request, 409, "Someone else just changed the same thing. Load it again.")


def _unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: told to the log in full, to the asker by its number. Runs outside the envelope."""
    _LOG.error("request_failed", path=request.url.path, request_id=request_id(request), exc_info=error)
    return problem(
        request,
        500,
        "Something went wrong inside Gatehouse; nothing was changed. The log tells more under this request's id.",
        headers={**SECURITY_HEADERS, "X-Request-Id": request_id(request)},
    )


_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    400: "The body of the request could not be read.",
}


def _as(kind: type[_Error], error: Exception) -> _Error:
    if not isinstance(error, kind):  # Starlette hands each handler what it registered for
        raise TypeError(type(error).__name__)
    return error
