"""The fleet: who holds what, who is there, whose events are durable."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.domain.errors import StoreBusyError
from gateway.domain.whitelist import Whitelist
from gateway.ports import (
    CommandResult,
    ControllerEvent,
    DeviceError,
    DeviceOfflineError,
    DeviceRefusedError,
    HeldList,
)
from sync.commands import Commands
from sync.fleet import Fleet, Reach, ReachState
from sync.protocol.messages import Ack, Command, Event, Events, Reply, ReplyResult, Status
from sync.protocol.signed import unseal
from sync.protocol.topics import Address, Kind, Topics
from tests.sync.memory import MemoryWire, SteppedClock, settle
from tests.sync.world import KEY, SITE, Sink, Site, entries

TOPICS = Topics(SITE)
STATUS = Status(online=True, boot="b1", at=5, software="x", capacity=1000)


class Rig:
    def __init__(self) -> None:
        self.site = Site(["gate-a", "gate-b"], {"residents": Whitelist(entries(10), version=7)})
        self.wire, self.sink, self.clock = MemoryWire(), Sink(), SteppedClock()
        self.reported: list[str] = []
        self.commands = Commands(
            TOPICS, self.wire, signer=lambda: KEY, clock=self.clock, new_id=lambda: "c1", boot_of=self.boot_of
        )
        self.fleet = Fleet(
            TOPICS,
            self.site,
            self.wire,
            self.sink,
            self.clock,
            reported=self.reported.append,
            replied=self.commands.replied,
        )

    def boot_of(self, controller: str) -> str | None:
        return self.fleet.boot_of(controller)

    def hear(self, controller: str, status: Status) -> None:
        self.fleet.heard(Address(Kind.STATUS, controller), status.encode())


def holding(version: int, epoch: int = 1) -> Status:
    return replace(STATUS, lists={"residents": HeldList(epoch, version, bytes(32), 10, 99)})


async def test_reach() -> None:
    """Confirmed, behind by so many, or offline since then."""
    rig = Rig()
    rig.hear("gate-a", holding(7))
    assert rig.fleet.reach("residents", 7) == {
        "gate-a": Reach(ReachState.CONFIRMED, since=99),
        "gate-b": Reach(ReachState.OFFLINE, 7, None),
    }
    rig.hear("gate-b", holding(4))
    assert rig.fleet.reach("residents", 7)["gate-b"] == Reach(ReachState.BEHIND, 3)
    rig.hear("gate-b", holding(9, epoch=0))
    assert rig.fleet.reach("residents", 7)["gate-b"].state is ReachState.BEHIND
    assert rig.fleet.highest("residents") == (1, 7)
    assert rig.reported == ["residents"] * 3


async def test_a_short_break_is_no_outage() -> None:
    """A will that is taken back within five seconds alarms nobody; one that stands alarms once."""
    rig = Rig()
    rig.hear("gate-a", STATUS)
    for _flap in range(5):
        rig.hear("gate-a", replace(STATUS, online=False))
        rig.clock.now += 4
        rig.fleet.notice_absence()
        rig.hear("gate-a", STATUS)
    assert rig.sink.kinds() == []
    rig.hear("gate-a", replace(STATUS, online=False))
    assert rig.fleet.boot_of("gate-a") is None
    for _second in range(9):
        rig.clock.now += 1
        rig.fleet.notice_absence()
    assert rig.sink.kinds() == ["controller_offline"]
    assert rig.fleet.reach("residents", 7)["gate-a"].state is ReachState.OFFLINE
    rig.hear("gate-a", STATUS)
    assert rig.fleet.is_online("gate-a")


async def test_silence_is_an_outage() -> None:
    """Ninety seconds without a status; the broker's own absence does not count."""
    rig = Rig()
    rig.hear("gate-a", STATUS)
    rig.clock.now += 500
    rig.fleet.wire_is_back()
    rig.fleet.notice_absence()
    assert rig.fleet.is_online("gate-a")
    rig.clock.now += 90
    rig.fleet.notice_absence()
    assert not rig.fleet.is_online("gate-a")


async def test_alarms_of_what_cannot_be() -> None:
    """Noise, strangers and a list longer than a controller's memory are said once each to a person."""
    rig = Rig()
    for _twice in range(2):
        rig.fleet.heard(Address(Kind.STATUS, "gate-a"), b"noise")
    for _twice in range(2):
        rig.hear("gate-x", STATUS)
        rig.hear("gate-a", replace(STATUS, capacity=9))
    assert rig.sink.kinds() == ["malformed", "unknown_controller", "over_capacity"]
    assert "gate-x" not in rig.fleet.statuses()


async def test_events_are_acknowledged_when_durable() -> None:
    """The acknowledgement is the sink's last contiguous number; a sink that fails acknowledges nothing."""
    rig = Rig()
    task = asyncio.create_task(rig.fleet.run())
    event = Event(1, None, "granted")
    address = Address(Kind.EVENTS, "gate-a")
    acks: list[int] = []
    for first in (1, 5, 3, 1):
        rig.fleet.heard(address, Events("b1", first, [event, event]).encode())
        await settle()
        acks = [Ack.decode(p).upto for t, p in rig.wire.log if t.endswith("events/ack")]
    assert acks == [2, 2, 4, 4]
    assert [e.number for e in rig.sink.kept["gate-a"]] == [1, 2, 3, 4]
    rig.sink.events = _busy  # type: ignore[method-assign]  # a store that is locked
    rig.fleet.heard(address, Events("b1", 5, [event]).encode())
    await settle()
    assert rig.sink.kinds() == ["events_not_stored"]
    assert len([t for t, _p in rig.wire.log if t.endswith("events/ack")]) == 4
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _busy(events: Sequence[ControllerEvent]) -> int | None:  # noqa: ARG001  # the port's shape
    raise StoreBusyError("The store is locked.")


async def test_a_command_and_its_reply() -> None:
    """Signed for the running boot, with a counter that rises and ten seconds to live."""
    rig = Rig()
    rig.hear("gate-a", STATUS)
    results = []
    for answer in (ReplyResult.DONE, ReplyResult.EXPIRED):
        sending = asyncio.create_task(rig.commands.send("gate-a", "open", "gate-a-in", "desk"))
        await settle()
        reply = Reply("c1", answer, 6).encode()
        rig.fleet.heard(Address(Kind.REPLIES, "gate-b"), reply)  # another's reply is nobody's
        assert not sending.done()
        rig.fleet.heard(Address(Kind.REPLIES, "gate-a"), reply)
        results.append(await sending)
    assert results == [CommandResult.DONE, CommandResult.EXPIRED]
    sent = [Command.decode(unseal(t, p, {KEY.kid: KEY.public}, 2048)) for t, p in rig.wire.log]
    assert [c.boot for c in sent] == ["b1", "b1"]
    assert sent[1].counter > sent[0].counter
    assert sent[0].expires_at - sent[0].at == 10


async def test_a_command_nobody_answers() -> None:
    """Unanswered after ten seconds of silence; undelivered at once for a controller or a broker that is away."""
    rig = Rig()
    assert await rig.commands.send("gate-a", "open", "gate-a-in", "desk") is CommandResult.UNDELIVERED
    rig.hear("gate-a", STATUS)
    sending = asyncio.create_task(rig.commands.send("gate-a", "open", "gate-a-in", "desk"))
    await rig.clock.step(9.9)
    assert not sending.done()
    await rig.clock.step(0.2)
    assert await sending is CommandResult.UNANSWERED
    rig.wire.connected = False
    assert await rig.commands.send("gate-a", "open", "gate-a-in", "desk") is CommandResult.UNDELIVERED


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (DeviceOfflineError("The connection to the broker was lost."), CommandResult.UNANSWERED),
        (DeviceRefusedError("Not authorized."), CommandResult.UNDELIVERED),
    ],
)
async def test_a_command_without_the_brokers_word(error: DeviceError, result: CommandResult) -> None:
    """A lost word leaves open whether the controller has it; a refusal says that it has not."""
    rig = Rig()
    rig.hear("gate-a", STATUS)
    word: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    rig.wire.publish = lambda _topic, _payload, **_how: word  # type: ignore[method-assign]  # a broker that hesitates
    sending = asyncio.create_task(rig.commands.send("gate-a", "open", "gate-a-in", "desk"))
    await settle()
    word.set_exception(error)
    if result is CommandResult.UNANSWERED:
        await rig.clock.step(10.1)
    assert await sending is result
