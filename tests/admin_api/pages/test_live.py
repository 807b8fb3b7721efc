"""Open pages hear that something happened, and no more than they may."""

import asyncio
import json
import re

from starlette.testclient import TestClient

from admin_api.auth import Caller
from admin_api.pages import live
from admin_api.pages.scan_shelf import ScanShelf
from admin_api.stream import CommitBell
from gateway.domain.person import Role
from gateway.runtime.house import House, HubEvent
from gateway.storage.store import SYSTEM, Actor
from tests.admin_api.compound import Home, slip
from tests.admin_api.pages.catalogue import ROOT

DESK = Caller(Actor("user:1", "周敏", frozenset({Role.FRONT_DESK})))
NORTH = Caller(Actor("user:2", "王强", frozenset({Role.GUARD}), "north"))
SCAN = HubEvent("scan", {"post": "north", "text": "RS1:…"})


def test_only_the_kind_is_told() -> None:
    """A page then fetches what its reader may see."""
    event = HubEvent("encoder", {"encoder": "desk", "uid": "04A1"})
    assert live.told(event, DESK) == {"kind": "encoder", "data": {}}


def test_a_scan_is_told_to_its_own_post() -> None:
    """Not to the desk, not to another post."""
    south = Caller(Actor("user:3", "赵刚", frozenset({Role.GUARD}), "south"))
    assert live.told(SCAN, NORTH)["data"] == SCAN.data
    assert live.told(SCAN, south)["data"] == {}
    assert live.told(SCAN, DESK)["data"] == {}


async def test_a_stream_tells_what_was_asked_for(house: House) -> None:
    """Hub news of the wanted kinds, and each commit as "record"."""
    bell = CommitBell(house.store)
    stream = live.stream(house.hub, bell, lambda: NORTH, frozenset({"scan", "record"}), ScanShelf())
    async with asyncio.timeout(45):
        assert (await anext(stream)).startswith("retry:")
        house.hub.publish("device", {"device": "x"})
        house.hub.publish("scan", SCAN.data)
        await asyncio.to_thread(_commit, house)
        kinds = {_kind(await anext(stream)), _kind(await anext(stream))}
        await stream.aclose()
    assert kinds == {"scan", "record"}
    assert bell.listeners == 0


def test_no_page_waits_for_news_that_nobody_tells() -> None:
    """Every kind a page names is published to the hub somewhere, or is the commit itself."""
    templates = "".join(file.read_text() for file in (ROOT / "admin_api/pages/templates").rglob("*.html"))
    wanted = {kind for kinds in re.findall(r'data-live="([^"]+)"', templates) for kind in kinds.split()}
    code = "".join(file.read_text() for file in (ROOT / "gateway").rglob("*.py"))
    told = set(re.findall(r'hub\.publish\(\s*"(\w+)"', code)) | {live.RECORD.kind}
    assert {"record", "scan"} <= wanted <= told


async def test_the_post_hears_that_a_slip_was_issued(house: House, admin: TestClient, place: Home) -> None:
    """The commit that issues it is the news; the number of slips expected then follows from a look."""
    stream = live.stream(house.hub, CommitBell(house.store), lambda: NORTH, frozenset({"record"}), ScanShelf())
    async with asyncio.timeout(45):
        await anext(stream)
        await asyncio.to_thread(slip, admin, place)
        assert _kind(await anext(stream)) == "record"
        await stream.aclose()


async def test_a_stream_ends_with_the_gateway(house: House) -> None:
    """Open pages do not hold up the end of the process."""
    stream = live.stream(house.hub, CommitBell(house.store), lambda: DESK, frozenset({"device"}), ScanShelf())
    async with asyncio.timeout(45):
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream, "over"))
        await asyncio.sleep(0)
        house.hub.close()  # type: ignore[attr-defined]  # the real hub, behind its contract
        assert await waiting == "over"


async def test_who_signs_out_hears_no_more(house: House) -> None:
    """The stream ends with the next piece of news, untold: a scan is not for whoever kept the line open."""
    listening: list[Caller | None] = [NORTH, None]
    stream = live.stream(house.hub, CommitBell(house.store), lambda: listening.pop(0), frozenset({"scan"}), ScanShelf())
    async with asyncio.timeout(45):
        await anext(stream)
        for _ in range(2):
            house.hub.publish("scan", SCAN.data)
        assert _kind(await anext(stream)) == "scan"
        assert await anext(stream, "over") == "over"


async def test_a_scan_before_the_stream_was_open_waits_for_it(house: House) -> None:
    """Once, for its own post: neither the desk nor a stream opened later takes or hears it."""
    shelf, bell = ScanShelf(), CommitBell(house.store)
    shelf.begin(house.hub)
    await asyncio.sleep(0)
    house.hub.publish("scan", SCAN.data)
    await asyncio.sleep(0)
    heard = []
    async with asyncio.timeout(45):
        for caller in (DESK, NORTH, NORTH):
            stream = live.stream(house.hub, bell, lambda who=caller: who, frozenset({"scan", "record"}), shelf)  # type: ignore[misc]  # bound at once
            await anext(stream)
            await asyncio.to_thread(_commit, house)
            first = json.loads((await anext(stream)).split("data: ")[1])
            heard.append((first["kind"], first["data"]))
            await anext(stream) if first["kind"] == "scan" else None
            await stream.aclose()
    assert heard == [("scan", {}), ("scan", SCAN.data), ("record", {})]
    house.hub.close()  # type: ignore[attr-defined]  # the real hub, behind its contract


def _commit(house: House) -> None:
    with house.store.write(SYSTEM) as uow:
        uow.record("portal.opened", "portal:main-in", {"reason": "x"})


def _kind(text: str) -> str:
    return str(json.loads(text.split("data: ")[1])["kind"])
