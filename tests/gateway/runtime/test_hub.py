"""Every watcher hears everything from its start on; a slow one loses the oldest; the end ends all."""

from gateway.runtime.hub import BACKLOG, EventHub


async def test_every_watcher_hears_everything() -> None:
    """In order."""
    hub = EventHub()
    hub.publish("early", {})
    with hub.subscribe() as one, hub.subscribe() as two:
        hub.publish("a", {"n": 1})
        hub.publish("b", {"n": 2})
        assert [(await anext(one)).kind, (await anext(one)).kind] == ["a", "b"]
        assert (await anext(two)).data == {"n": 1}


async def test_a_slow_watcher_loses_the_oldest() -> None:
    """And holds up nobody."""
    hub = EventHub()
    with hub.subscribe() as slow:
        for number in range(BACKLOG + 10):
            hub.publish("n", {"n": number})
        assert (await anext(slow)).data == {"n": 10}


async def test_closing_ends_the_streams() -> None:
    """Open pages do not hold up the end of the process; a late one ends at once."""
    hub = EventHub()
    with hub.subscribe() as news:
        hub.publish("last", {})
        hub.close()
        assert [event.kind async for event in news] == ["last"]
    with hub.subscribe() as late:
        assert [event.kind async for event in late] == []


async def test_leaving_forgets() -> None:
    """A closed page costs nothing."""
    hub = EventHub()
    with hub.subscribe():
        assert len(hub._subscriptions) == 1
    assert hub._subscriptions == set()
