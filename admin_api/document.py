"""The OpenAPI document: FastAPI's, with who may ask what, and every error as the problem it is."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from admin_api.auth import COOKIE, CSRF_HEADER
from admin_api.problems import MEDIA_TYPE, Problem
from gateway.domain.person import Role

VERSION: Final = "1.0.0"
_DESCRIPTION: Final = f"""\
Cards, whitelists, gates and release slips of a residential compound.

* Times are RFC 3339 with offset. Errors are `application/problem+json` (RFC 9457), all bad fields at once.
* A change may carry `Idempotency-Key`: a repeat with the same body gets the same answer and changes nothing,
  another body under the same key is refused with 409.
* A GET answers with an `ETag`; an edit may carry `If-Match` and is refused with 412 when someone was faster.
* Lists come in parts, oldest or smallest first: `?after=<cursor>&limit=`; go on with `next` until it is null.
  `GET /events?order=newest` begins at the other end.
* Machines send `Authorization: Bearer gh_…`. People sign in at `POST /api/v1/session`: the cookie `{COOKIE}` and,
  with each change, the header `{CSRF_HEADER}`.
* A change is answered after it is durable. It reaches the gates right after; `/cards/{{id}}/reach` says where it is.
"""
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})


def install(app: FastAPI, who: dict[tuple[str, str], frozenset[Role] | None]) -> None:
    """Makes the application describe itself; ``who`` has the roles of each method and path."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _describe(app, who)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _describe(app: FastAPI, who: dict[tuple[str, str], frozenset[Role] | None]) -> dict[str, Any]:
    document = get_openapi(title="Gatehouse", version=VERSION, description=_DESCRIPTION, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A machine's token, `gh_…`."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of who signed in."},
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "With each change by session: `csrf` of the answer to signing in, or of `GET /me`.",
        },
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _finish(operation, method, path, who.get((method.upper(), path)))
    return document


def _finish(operation: dict[str, Any], method: str, path: str, roles: frozenset[Role] | None) -> None:
    changes = method != "get"
    responses = operation["responses"]
    responses.pop("422", None)
    for status, words in _refusals(operation, changes=changes, path=path, public=roles is None):
        responses.setdefault(status, {"description": words, "content": {MEDIA_TYPE: {"schema": _PROBLEM}}})
    if roles is None:
        operation["security"] = []
        return
    operation["security"] = [{"token": []}, {"session": [], "csrf": []} if changes else {"session": []}]
    operation["x-roles"] = sorted(roles)


def _refusals(operation: dict[str, Any], *, changes: bool, path: str, public: bool) -> Iterator[tuple[str, str]]:
    """Which problems an operation may answer with, and what each means."""
    if operation.get("parameters") or "requestBody" in operation:
        yield "400", "Malformed: `fields` says what to enter"
    if not public:
        yield "401", "Not signed in, or the token is not valid any more"
        yield "403", "The role does not allow it, or the request comes from another site"
    if "{" in path:
        yield "404", "There is no such thing"
    if changes and not public:
        yield "409", "Held by someone else, or the `Idempotency-Key` was used for another request"
        yield "422", "A rule of the house says no: `rule` names it"
    if changes and public:
        yield "401", "The login, the password or the link is wrong"
        yield "429", "Too many tries: `retry_after_s` says when to come back"
    yield "4XX", "Refused: `detail` says why (412: it was changed since the entity tag in `If-Match`)"
    yield "5XX", "Not possible now; nothing was changed"
