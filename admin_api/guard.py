"""Deny by default: an application with a route that names nobody does not start."""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from admin_api.auth import Require
from gateway.domain.person import Role


class Public:
    """A dependency that says: anyone may ask this, signed in or not."""

    async def __call__(self) -> None:
        """Nothing to check."""


PUBLIC = Public()


def roles_of(route: APIRoute) -> frozenset[Role] | None:
    """The roles a route lets through, or None when it is public. Raises LookupError when it does not say."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Require):
            return dependency.call.roles
        if isinstance(dependency.call, Public):
            return None
    raise LookupError(f"{sorted(route.methods or ())} {route.path} does not say who may ask it")


def guarded(routers: Iterable[APIRouter]) -> Iterator[tuple[str, str, frozenset[Role] | None]]:
    """Method, path and roles of every route."""
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise LookupError(f"{route!r} cannot be guarded")  # noqa: TRY004 - the same refusal as of an unguarded one
            for method in sorted(route.methods or ()):
                yield method, route.path, roles_of(route)
