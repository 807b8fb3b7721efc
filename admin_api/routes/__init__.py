"""The routes, one module for each room of the API. A new module is added to ``ROUTERS``."""

from typing import Final

from fastapi import APIRouter

from admin_api.routes import health

ROUTERS: Final[tuple[APIRouter, ...]] = (health.router,)
