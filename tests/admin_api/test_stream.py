"""The live stream repeats nothing, forgets nothing, and ends when it must."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from admin_api import stream
from admin_api.stream import CommitBell, Part, follow
from gateway.domain.errors import TooManyError
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.runtime.hub import EventHub
from gateway.services import accounts, events
from gateway.storage.store import SYSTEM

WAIT_S = 45


@pytest.fixture
def bell(house: House) -> CommitBell:
    return CommitBell(house.store)


def looker(house: House) -> Callable[[int], Part]:
    def look(after: int) -> Part:
        with house.store.read() as conn:
            found = events.events(conn, after, 3, kinds=["test."])
        return Part(found, found[-1].seq if found else after)

    return look


def note(house: House, *words: str) -> None:
    with house.store.write(SYSTEM) as uow:
        for word in words:
            uow.record("test.note", f"note:{word}")


async def take(chunks: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    """The next records; comments and the retry line are passed over."""
    taken: list[dict[str, Any]] = []
    async with asyncio.timeout(WAIT_S):
        while len(taken) < count:
            event = (await anext(chunks)).decode()
            if event.startswith("id: "):
                number, kind, data = (line.partition(": ")[2] for line in event.strip().split("\n"))
                record = json.loads(data)
                assert (record["seq"], record["kind"]) == (int(number), kind)
                taken.append(record)
    return taken


def targets(records: list[dict[str, Any]]) -> list[str]:
    return [record["target"].removeprefix("note:") for record in records]


async def test_what_happens_arrives_at_once_and_in_order(house: House, bell: CommitBell) -> None:
    """A commit on another thread wakes the stream; no polling is needed."""
    chunks = follow(bell, house.hub, looker(house), 0, heartbeat_s=3600)
    note(house, "a")
    assert targets(await take(chunks, 1)) == ["a"]
    waiting = asyncio.ensure_future(take(chunks, 2))
    await asyncio.to_thread(note, house, "b", "c")
    assert targets(await waiting) == ["b", "c"]


async def test_a_broken_stream_goes_on_where_it_was(house: House, bell: CommitBell) -> None:
    """From the last number received: each record once, however many came meanwhile."""
    note(house, "a", "b")
    first = await take(follow(bell, house.hub, looker(house), 0), 2)
    await asyncio.to_thread(note, house, *"cdefghij")
    rest = await take(follow(bell, house.hub, looker(house), first[0]["seq"]), 9)
    assert targets(rest) == list("bcdefghij")


async def test_a_quiet_stream_says_that_it_lives(house: House, bell: CommitBell) -> None:
    """A comment, so that proxies and browsers keep the connection."""
    chunks = follow(bell, house.hub, looker(house), 0, heartbeat_s=0.01)
    async with asyncio.timeout(WAIT_S):
        assert await anext(chunks) == b"retry: 2000\n\n"
        assert await anext(chunks) == b": alive\n\n"


async def test_an_open_stream_does_not_hold_up_the_end(house: House, bell: CommitBell) -> None:
    """When the hub closes, every stream ends."""
    chunks = follow(bell, house.hub, looker(house), 0, heartbeat_s=3600)
    await anext(chunks)
    ending = asyncio.ensure_future(anext(chunks, b"over"))
    assert isinstance(house.hub, EventHub)
    await asyncio.sleep(0)
    house.hub.close()
    assert await asyncio.wait_for(ending, WAIT_S) == b"over"
    assert bell.listeners == 0


async def test_too_many_streams_are_refused(house: House, bell: CommitBell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a time to come back."""
    monkeypatch.setattr(stream, "MAX_STREAMS", 1)
    chunks = follow(bell, house.hub, looker(house), 0)
    await anext(chunks)
    with pytest.raises(TooManyError) as refused:
        await anext(follow(bell, house.hub, looker(house), 0))
    assert refused.value.retry_after_s > 0
    await chunks.aclose()  # type: ignore[attr-defined]  # an async generator
    assert bell.listeners == 0


@asynccontextmanager
async def served(
    app: FastAPI, token: str, *headers: tuple[bytes, bytes], query: bytes = b"kind=test."
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The stream as a server sees it: what the application sends, chunk by chunk."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        await sent.put(message)

    async def chunks() -> AsyncIterator[bytes]:
        while (message := await sent.get()).get("more_body"):
            yield message["body"]

    path = "/api/v1/events/stream"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "https", "method": "GET",
        "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "",
        "headers": [(b"host", b"testserver"), (b"authorization", f"Bearer {token}".encode()), *headers],
        "client": ("127.0.0.1", 1), "server": ("testserver", 443),
    }  # fmt: skip
    serving = asyncio.ensure_future(app(scope, receive, send))
    start = await asyncio.wait_for(sent.get(), WAIT_S)
    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    yield chunks()
    gone.set()
    await asyncio.wait_for(serving, WAIT_S)


def token_of(house: House, role: Role) -> tuple[int, str]:
    with house.store.write(SYSTEM) as uow:
        return accounts.create_token(uow, name="stream", roles=[role], days=1)


async def test_the_address_replays_after_last_event_id(app: FastAPI, house: House) -> None:
    """As a browser asks after it lost the connection."""
    note(house, "a", "b", "c")
    _id, token = token_of(house, Role.AUDITOR)
    with house.store.read() as conn:
        first = events.events(conn, kinds=["test."])[0].seq
    async with served(app, token, (b"last-event-id", str(first).encode())) as chunks:
        assert targets(await take(chunks, 2)) == ["b", "c"]


async def test_without_a_number_the_stream_begins_now(app: FastAPI, house: House) -> None:
    """What was before stands in the list of events."""
    note(house, "old")
    _id, token = token_of(house, Role.AUDITOR)
    async with served(app, token) as chunks:
        assert await anext(chunks) == b"retry: 2000\n\n"
        await asyncio.to_thread(note, house, "new")
        assert targets(await take(chunks, 1)) == ["new"]


async def test_a_revoked_token_ends_its_stream(app: FastAPI, house: House) -> None:
    """At the next record or heartbeat, with a last event that says why (G-4)."""
    token_id, token = token_of(house, Role.AUDITOR)
    async with served(app, token) as chunks:
        assert await anext(chunks) == b"retry: 2000\n\n"

        def revoke() -> None:
            with house.store.write(SYSTEM) as uow:
                accounts.revoke_token(uow, token_id)

        await asyncio.to_thread(revoke)
        async with asyncio.timeout(WAIT_S):
            rest = [chunk async for chunk in chunks]
        assert rest[-1].startswith(b"event: end\n")


async def test_news_of_the_encoders_goes_to_the_desk_that_asked(house: House, bell: CommitBell) -> None:
    """By name, without an id, once; not to a guard, and not what else the hub tells."""
    look = looker(house)

    def hears(*news: str) -> AsyncIterator[bytes]:
        return follow(bell, house.hub, lambda after: replace(look(after), news=frozenset(news)), 0, heartbeat_s=3600)

    clerk, guard = hears("encode_job"), hears()
    await anext(clerk), await anext(guard)
    waiting, idle = asyncio.ensure_future(anext(clerk)), asyncio.ensure_future(take(guard, 1))
    for kind in ("device", "encoder", "encode_job"):
        house.hub.publish(kind, {"id": kind})
    assert await asyncio.wait_for(waiting, WAIT_S) == b'event: encode_job\ndata: {"id": "encode_job"}\n\n'
    rest = asyncio.ensure_future(take(clerk, 1))
    await asyncio.to_thread(note, house, "later")
    assert (targets(await idle), targets(await rest)) == (["later"], ["later"])


@pytest.mark.parametrize(("role", "hears"), [(Role.FRONT_DESK, True), (Role.CAPTAIN, False)])
async def test_only_the_desk_hears_of_encoders(app: FastAPI, house: House, role: Role, *, hears: bool) -> None:
    """Whoever asks for them by name."""
    _id, token = token_of(house, role)
    async with served(app, token, query=b"kind=encoder&kind=test.") as chunks:
        assert await anext(chunks) == b"retry: 2000\n\n"
        first = asyncio.ensure_future(anext(chunks))
        house.hub.publish("encoder", {"encoder": "desk"})
        if not hears:
            await asyncio.to_thread(note, house, "instead")
        said = await asyncio.wait_for(first, WAIT_S)
        assert (b"event: encoder\n" in said, b"event: test.note\n" in said) == (hears, not hears)
