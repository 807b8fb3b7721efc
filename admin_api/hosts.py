"""By which names this gateway is asked: a page of someone else cannot pose as ours under a name of its own.

DNS rebinding makes a browser take our address for that of a foreign name, and then the origin of the foreign page and
the ``Host`` of its requests agree. Pure ASGI.
"""

from collections.abc import Collection
from ipaddress import ip_address

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from admin_api.problems import problem


def name_in(host: str) -> str:
    """The name of a ``Host`` header without its port (RFC 9110, 7.2) and without brackets, in lower case."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return bare.lower().removesuffix(".")


class KnownHosts:
    """Answers 421 to requests for a name that is none of ``names``; an address is no name, and cannot be rebound."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] == "http":
            request = Request(scope)
            name = name_in(request.headers.get("host", ""))
            if not self._knows(name):
                words = f"This gateway is not called {name[:80]}. Whoever runs it can add the name: hosts in [http]."
                await problem(request, 421, words)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _knows(self, name: str) -> bool:
        return name in self._names or not name or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
