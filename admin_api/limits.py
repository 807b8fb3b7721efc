"""What a request may weigh: the body is read whole, in time, and refused when too long or too deep. Pure ASGI."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin_api.problems import problem

MAX_BODY: Final = 128 * 1024
MAX_DEPTH: Final = 16
BODY_TIMEOUT_S: Final = 10

_USUALLY_EMPTY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A string, whole or cut off by the end, or one bracket; possessive, so that no text makes it look twice.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.?)*+"?|[\[{]|[\]}]', re.DOTALL)


def depth_of(body: bytes) -> int:
    """How deep the brackets of a JSON text nest, in time proportional to its length."""
    depth = deepest = 0
    for match in _TOKEN.finditer(body):
        first = match[0][:1]
        if first in {b"[", b"{"}:
            depth += 1
            deepest = max(deepest, depth)
        elif first != b'"':
            depth -= 1
    return deepest


def _announces_body(request: Request) -> bool:
    """Whether a body follows the head (RFC 9112, 6.3)."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


Refuse = Callable[[Request, int, str], Awaitable[Response]]
"""Says no: with a status and a sentence."""


async def as_problem(request: Request, status: int, sentence: str) -> Response:
    """No, as machines read it."""
    return problem(request, status, sentence)


class _TooLongError(Exception):
    """The body exceeds MAX_BODY."""


class BodyLimits:
    """Buffers the body and keeps it in ``request.state.body``, where a repeat of a request is recognised by it."""

    def __init__(self, app: ASGIApp, refuse: Refuse = as_problem) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if scope["method"] in _USUALLY_EMPTY and not _announces_body(request):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _read(request, receive)
        except _TooLongError:
            no = await self._refuse(request, 413, f"A body may have {MAX_BODY} bytes.")
            await no(scope, receive, send)
        except TimeoutError:
            await problem(request, 408, "The body did not arrive in time.")(scope, receive, send)
        else:
            await self._pass_on(request, body, receive, send)

    async def _pass_on(self, request: Request, body: bytes | None, receive: Receive, send: Send) -> None:
        if body is None:  # the asker went away
            return
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and depth_of(body) > MAX_DEPTH:
            await problem(request, 400, f"JSON may nest {MAX_DEPTH} levels deep.")(request.scope, receive, send)
            return
        request.state.body = body
        await self._app(request.scope, _Replay(body, receive), send)


class _Replay:
    """Hands the buffered body out once, then what the server says next (a disconnect)."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._first: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        first, self._first = self._first, None
        return await self._receive() if first is None else first


async def _read(request: Request, receive: Receive) -> bytes | None:
    """The whole body, or None when the asker left; a stated length that is too long is not read at all."""
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and (len(stated) > 12 or int(stated) > MAX_BODY):
        raise _TooLongError
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise _TooLongError
        if not message.get("more_body", False):
            return b"".join(parts)
