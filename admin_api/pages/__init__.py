"""Pages for people: server-rendered, three rooms, three languages."""

from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Scope

from admin_api.limits import as_problem
from admin_api.pages import (
    batch_new,
    batches,
    card_keys,
    console,
    desk,
    desk_cards,
    encode_desk,
    gate_modes,
    households,
    live,
    post,
    removals,
    sale,
    settings,
    sign_in,
    slips,
    why,
)
from admin_api.pages.i18n import N_
from admin_api.pages.render import STATIC
from admin_api.pages.scan_shelf import ScanShelf
from admin_api.pages.web import error_page
from gateway.domain.errors import MalformedError, NotFoundError

ROUTES: Final = tuple(
    module.routes
    for module in (
        sign_in,
        live,
        desk,
        desk_cards,
        encode_desk,
        batch_new,
        batches,
        card_keys,
        households,
        sale,
        slips,
        post,
        why,
        console,
        gate_modes,
        removals,
        settings,
    )
)


class Assets(StaticFiles):
    """Static files; those asked for by their content's name never change under it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        named = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if named else "no-cache"
        return response


def wants_page(request: Request) -> bool:
    """Whether a person asks with a browser, and not a machine."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


async def too_long(request: Request, status: int, sentence: str) -> Response:
    """What was sent is too much: for a browser a page that says what to do, for a machine a problem."""
    if not wants_page(request):
        return await as_problem(request, status, sentence)
    return await run_in_threadpool(error_page, request, MalformedError(_TOO_LONG), status)


_TOO_LONG: Final = N_(
    "This is more than can be sent at once (128 KiB). Leave out what is not needed, or split the list in two."
)


def install(app: FastAPI) -> None:
    """Adds the pages and their static files, and answers a browser's unknown address with a page."""
    app.state.scans = ScanShelf()
    app.mount("/static", Assets(directory=STATIC))
    for routes in ROUTES:
        app.include_router(routes)
    for_machines = app.exception_handlers[HTTPException]

    async def not_found(request: Request, error: Exception) -> Response:
        if wants_page(request) and getattr(error, "status_code", 0) == 404:
            return await run_in_threadpool(error_page, request, NotFoundError(N_("There is no such page.")))
        return await for_machines(request, error)  # type: ignore[no-any-return, misc]  # a handler as problems.install registered it

    app.add_exception_handler(HTTPException, not_found)
