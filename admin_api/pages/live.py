"""News for open pages as server-sent events (WHATWG HTML, 9.2): only their kind, so that pages fetch what they may see.

Besides the kinds of the event hub there is ``record``: something new stands in the journal.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Annotated, Final

from anyio import to_thread
from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from admin_api import roles
from admin_api.auth import Caller, identify
from admin_api.pages.scan_shelf import ScanShelf
from admin_api.pages.web import Enter, Visit, router
from admin_api.stream import CommitBell
from gateway.runtime.house import EventHub, HubEvent

PING_S: Final = 15.0
RENEW_S: Final = 600.0
"""A stream ends after this long; the browser comes back and shows anew that it is signed in."""
RECORD: Final = HubEvent("record", {})
PING: Final = HubEvent("ping", {})
Who = Callable[[], Caller | None]

routes = router()


@routes.get("/live")
async def live(visit: Annotated[Visit, Depends(Enter(roles.ANYONE))], kinds: str = "") -> Response:
    """News of these kinds, from now on."""
    wanted = frozenset(kinds.split(",")) - {""}
    bell: CommitBell = visit.request.app.state.bell
    shelf: ScanShelf = visit.request.app.state.scans
    news = stream(visit.house.hub, bell, lambda: identify(visit.house, visit.request), wanted, shelf)
    return StreamingResponse(news, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def stream(
    hub: EventHub, bell: CommitBell, who: Who, wanted: frozenset[str], shelf: ScanShelf
) -> AsyncGenerator[str]:
    """The text of the stream: scans that waited for it, what the hub tells of these kinds, each commit as "record".

    ``who`` says, in a worker thread before each piece of news, who listens now: who signed out hears no more.
    """
    end = asyncio.get_running_loop().time() + RENEW_S
    news: asyncio.Queue[HubEvent | None] = asyncio.Queue(maxsize=256)
    with hub.subscribe() as events, bell.listening() as rung:
        for waiting in shelf.waiting() if "scan" in wanted else ():
            news.put_nowait(waiting)
        feeds = [asyncio.ensure_future(_hear(events, news, wanted))]
        if RECORD.kind in wanted:
            feeds.append(asyncio.ensure_future(_listen(rung, news)))
        try:
            yield "retry: 2000\n\n"
            while asyncio.get_running_loop().time() < end:
                event = await _next(news)
                caller = None if event is None else await to_thread.run_sync(who)
                if event is None or caller is None:
                    return
                said = told(event, caller)
                yield f"event: news\ndata: {json.dumps(said)}\n\n" if event is not PING else ": still here\n\n"
                if said["data"]:
                    shelf.tell(event)  # not before it went out: a page that left meanwhile has not seen it
        finally:
            for feed in feeds:
                feed.cancel()


async def _hear(events: AsyncIterator[HubEvent], news: asyncio.Queue[HubEvent | None], wanted: frozenset[str]) -> None:
    """From the hub; its end is the end of the stream."""
    async for event in events:
        if event.kind in wanted:
            await news.put(event)
    await news.put(None)


async def _listen(rung: asyncio.Event, news: asyncio.Queue[HubEvent | None]) -> None:
    """One piece of news for however many commits came meanwhile."""
    while True:
        await rung.wait()
        rung.clear()
        await news.put(RECORD)


async def _next(news: asyncio.Queue[HubEvent | None]) -> HubEvent | None:
    """The next piece of news; a sign of life when nothing came; None at the end."""
    try:
        async with asyncio.timeout(PING_S):
            return await news.get()
    except TimeoutError:
        return PING


def told(event: HubEvent, caller: Caller) -> dict[str, object]:
    """The kind alone; what a scanner read goes to those who work at its post."""
    data: dict[str, object] = {}
    if event.kind == "scan" and caller.may(roles.POST) and caller.actor.post in {None, event.data.get("post")}:
        data = dict(event.data)
    return {"kind": event.kind, "data": data}
