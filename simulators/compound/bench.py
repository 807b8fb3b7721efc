"""The hardware bench: a page on which a person handles the simulated hardware. Loopback only."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.domain.errors import GatehouseError, MalformedError
from simulators.compound.world import World

_STATIC: Final = Path(__file__).parent / "static"
_MAX_BODY: Final = 8192
_MOST_COMMANDS: Final = 999
_MIN_REDRAW_S: Final = 0.1
_HEARTBEAT_S: Final = 15
_POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

Act = Callable[[World, dict[str, Any]], Awaitable[None]]


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError("“%(name)s” is missing.", name=name, fields={name: "a text"})
    return value


async def _hold(world: World, body: dict[str, Any]) -> None:
    await world.hold(_text(body, "card"), _text(body, "portal"))


async def _drive(world: World, body: dict[str, Any]) -> None:
    await world.drive(_text(body, "portal"))


async def _pass(world: World, body: dict[str, Any]) -> None:
    await world.drive_through(_text(body, "portal"))


async def _lay(world: World, body: dict[str, Any]) -> None:
    await world.lay(_text(body, "card"))


async def _lift(world: World, _body: dict[str, Any]) -> None:
    await world.lift()


async def _pull(world: World, body: dict[str, Any]) -> None:
    command = body.get("command")
    if type(command) is not int or not 1 <= command <= _MOST_COMMANDS:
        raise MalformedError("A command from 1 to %(most)s.", most=_MOST_COMMANDS, fields={"command": "a number"})
    await world.pull(command, carried_out=body.get("carried_out") is True)


async def _scan(world: World, body: dict[str, Any]) -> None:
    await world.scan(_text(body, "text"))


async def _unplug(world: World, body: dict[str, Any]) -> None:
    await world.unplug(_text(body, "device"))


async def _plug(world: World, body: dict[str, Any]) -> None:
    await world.plug(_text(body, "device"))


async def _cut(world: World, body: dict[str, Any]) -> None:
    await world.cut(_text(body, "controller"))


async def _mend(world: World, body: dict[str, Any]) -> None:
    await world.mend(_text(body, "controller"))


async def _traffic(world: World, body: dict[str, Any]) -> None:
    world.set_traffic(on=body.get("on") is True)


async def _add_card(world: World, body: dict[str, Any]) -> None:
    world.add_card(_text(body, "uid"))


async def _blank(world: World, body: dict[str, Any]) -> None:
    world.blank(_text(body, "kind"))


async def _copy(world: World, body: dict[str, Any]) -> None:
    world.copy(_text(body, "card"))


ACTS: Final[dict[str, Act]] = {
    "hold": _hold,
    "drive": _drive,
    "pass": _pass,
    "lay": _lay,
    "lift": _lift,
    "pull": _pull,
    "scan": _scan,
    "unplug": _unplug,
    "plug": _plug,
    "cut": _cut,
    "mend": _mend,
    "traffic": _traffic,
    "cards": _add_card,
    "blank": _blank,
    "copy": _copy,
}


def _refuse(status: int, detail: str, error: GatehouseError | None = None) -> Response:
    """RFC 9457; ``template`` and ``params`` are what the page words ``detail`` from in its reader's language."""
    body = {"type": "about:blank", "title": "Not possible", "status": status, "detail": detail, "fields": {}}
    if error is not None:
        body |= {"fields": error.fields, "template": error.template, "params": error.params}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _endpoint(world: World, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # A page elsewhere can send a form here, but not JSON without asking first: that is the whole protection needed.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _refuse(415, "Send JSON.")
        raw = await request.body()
        try:
            body = json.loads(raw) if len(raw) <= _MAX_BODY else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refuse(400, "Send one JSON object of at most 8 KiB.")
        try:
            await act(world, body)
        except GatehouseError as error:
            return _refuse(422, str(error), error)
        return JSONResponse(world.state())

    return endpoint


async def _stream(world: World) -> AsyncIterator[str]:
    """The whole state at once, then again whenever it changed, at most ten times a second; ends with the world."""
    seen = -1
    while not world.closed:
        if world.revision != seen:
            seen = world.revision
            yield f"data: {json.dumps(world.state(), ensure_ascii=False)}\n\n"
            await asyncio.sleep(_MIN_REDRAW_S)
        try:
            await asyncio.wait_for(world.changed(seen), _HEARTBEAT_S)
        except TimeoutError:
            yield ": still here\n\n"


def create_bench(world: World) -> Starlette:
    """The page, its state, its stream and one POST for each thing a hand can do."""

    async def page(_request: Request) -> Response:
        return FileResponse(_STATIC / "index.html", headers={"Content-Security-Policy": _POLICY})

    async def state(_request: Request) -> Response:
        return JSONResponse(world.state())

    async def stream(_request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(_stream(world), media_type="text/event-stream", headers=headers)

    acts = [Route(f"/{name}", _endpoint(world, act), methods=["POST"]) for name, act in ACTS.items()]
    reads = [Route("/", page), Route("/state", state), Route("/stream", stream)]
    return Starlette(routes=[*reads, *acts, Mount("/", StaticFiles(directory=_STATIC))])
