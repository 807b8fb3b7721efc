"""Residents who come and go."""

import random

import pytest

from simulators.compound.traffic import Traffic


async def test_traffic_stops_when_switched_off() -> None:
    """Each wait brings one card to one gate, but only while it is on and there are gates."""
    held: list[tuple[str, str]] = []
    state = {"waits": 0}

    async def hold(uid: str, portal: str) -> None:
        held.append((uid, portal))

    async def sleep(seconds: float) -> None:
        assert 3 <= seconds <= 9
        state["waits"] += 1
        if state["waits"] == 30:
            raise StopAsyncIteration

    portals: list[str] = []
    traffic = Traffic(["A", "B"], lambda: portals, hold, lambda: state["waits"] < 20, random.Random(1))

    async def gates_appear(seconds: float) -> None:
        await sleep(seconds)
        if state["waits"] == 10:
            portals.append("main-in")

    with pytest.raises(StopAsyncIteration):
        await traffic.run(gates_appear)
    assert len(held) == 10
    assert {portal for _, portal in held} == {"main-in"}
    assert {uid for uid, _ in held} == {"A", "B"}
