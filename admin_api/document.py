"""The OpenAPI document: FastAPI's, with who may ask what, and every error as the problem it is."""

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
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _finish(operation, who.get((method.upper(), path)))
    return document


def _finish(operation: dict[str, Any], roles: frozenset[Role] | None) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    responses["4XX"] = {
        "description": "Refused: malformed, not allowed or against a rule",
        "content": {MEDIA_TYPE: problem},
    }
    responses["5XX"] = {"description": "Not possible now; nothing was changed", "content": {MEDIA_TYPE: problem}}
    if roles is None:
        operation["security"] = []
        return
    operation["security"] = [{"token": []}, {"session": []}]
    operation["x-roles"] = sorted(roles)
