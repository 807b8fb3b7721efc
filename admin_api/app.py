"""The HTTP face: JSON for machines under ``/api/v1``, pages for people."""

import uuid
from collections.abc import Collection
from typing import Final

from fastapi import FastAPI

from admin_api import document, pages, problems
from admin_api.guard import guarded
from admin_api.headers import Envelope
from admin_api.hosts import KnownHosts
from admin_api.limits import BodyLimits
from admin_api.metrics import Measured, Metrics
from admin_api.routes import ROUTERS
from admin_api.stream import CommitBell
from gateway.runtime.house import House

PREFIX: Final = "/api/v1"


def create_app(house: House, hosts: Collection[str] = ()) -> FastAPI:
    """The application for one house. Raises LookupError when a route does not say who may ask it.

    ``hosts``: the names it answers to, besides addresses; every name without them.
    """
    app = FastAPI(
        title="Gatehouse", openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.house = house
    app.state.bell = CommitBell(house.store)
    app.state.metrics = metrics = Metrics(house, app.state.bell)
    for router in ROUTERS:
        app.include_router(router)
    document.install(app, {(method, path): roles for method, path, roles in guarded(ROUTERS)})
    problems.install(app)
    pages.install(app)
    app.add_middleware(BodyLimits, refuse=pages.too_long)
    app.add_middleware(Measured, metrics=metrics)
    if hosts:
        app.add_middleware(KnownHosts, names=hosts)
    app.add_middleware(Envelope, new_id=lambda: uuid.uuid4().hex)
    return app
