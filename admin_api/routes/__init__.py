"""The routes, one module for each room of the API. A new module is added to ``ROUTERS``."""

from typing import Final

from fastapi import APIRouter

from admin_api.routes import (
    cards,
    controllers,
    encoding,
    gates,
    health,
    occupancy,
    post,
    record,
    session,
    site,
    slips,
    users,
    why,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    health.router,
    health.documents,
    session.router,
    users.router,
    site.router,
    gates.router,
    controllers.router,
    occupancy.router,
    cards.router,
    encoding.router,
    why.router,
    slips.router,
    post.router,
    record.router,
)
