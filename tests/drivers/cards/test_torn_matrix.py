"""Every work on every kind of card, cut before and after every single command, is finished or wiped by the next tap."""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest

from drivers.cards.work import CardDesk
from gateway.domain.card_data import CardKind
from gateway.ports import DeviceOfflineError
from gateway.ports.cards import CardWork, EncodePlan, FoundState
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, counting, keys, plan

FOUR = bytes.fromhex("A1B2C3D4")
CARDS = {
    "desfire-ev1": (CardKind.DESFIRE_EV1, UID),
    "desfire-ev2": (CardKind.DESFIRE_EV2, UID),
    "classic": (CardKind.CLASSIC, FOUR),
    "fmcos": (CardKind.FMCOS, FOUR),
}
WORKS = ("issue", "re-key", "wipe")
DESK: CardWork = CardDesk(SITE, counting())
KEYS = keys(1, 2)


async def silent(_number: int) -> None:
    return


@dataclass
class Bench:
    """One card of one kind, whose memory is put back before each cut. ``old`` lies on it before all but ``issue``."""

    name: str
    work: str
    memory: dict[str, Any]

    @property
    def old(self) -> EncodePlan:
        kind, uid = CARDS[self.name]
        return plan(kind, 1, 1, uid=uid)

    @property
    def new(self) -> EncodePlan:
        kind, uid = CARDS[self.name]
        return plan(kind, 2, 2, before=0 if self.work == "issue" else 1, uid=uid)

    @property
    def planned(self) -> EncodePlan:
        return self.old if self.work == "wipe" else self.new

    def laid(self, memory: dict[str, Any] | None = None) -> InProcess:
        logic = make(self.name, CARDS[self.name][1])
        logic.load(deepcopy(self.memory if memory is None else memory))
        return InProcess(Mortal(logic))

    async def do(self, card: InProcess) -> None:
        work = DESK.wipe if self.work == "wipe" else DESK.personalise
        await work(card, self.planned, KEYS, silent)

    async def number(self, card: InProcess) -> bytes | None:
        data = (await DESK.read(card, KEYS, TEMPLATES)).data
        return None if data is None else data.number


def mortal(card: InProcess) -> Mortal:
    assert isinstance(card.logic, Mortal)
    return card.logic


def dumped(card: InProcess) -> dict[str, Any]:
    return deepcopy(mortal(card).logic.dump())  # type: ignore[attr-defined]  # every card of the catalogue has it


async def bench_for(name: str, work: str) -> Bench:
    bench = Bench(name, work, dumped(InProcess(Mortal(make(name, CARDS[name][1])))))
    if work != "issue":
        card = bench.laid()
        await DESK.personalise(card, bench.old, keys(1), silent)
        bench.memory = dumped(card)
    return bench


async def cuts(bench: Bench) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Where it was cut, and what is left on the card."""
    whole = bench.laid()
    await bench.do(whole)
    for at in range(1, len(whole.sent) + 1):
        for death in ("die_before", "die_after"):
            card = bench.laid()
            mortal(card).doom(**{death: at})
            with pytest.raises(DeviceOfflineError):
                await bench.do(card)
            yield f"{bench.name}, {bench.work}, {death} {at}", dumped(card)


@pytest.mark.parametrize("name", CARDS)
async def test_every_cut_of_every_work_is_recovered(name: str, record_property: Callable[[str, object], None]) -> None:
    """A gate reads the old number, the new one or none; the desk finishes the work, or wipes the card and issues it."""
    counts = {}
    for work in WORKS:
        bench, places = await bench_for(name, work), 0
        numbers = {bench.old.data.number, bench.new.data.number, None}
        async for place, torn in cuts(bench):
            places += 1
            assert await bench.number(bench.laid(torn)) in numbers, place
            card = bench.laid(torn)
            assert (await DESK.look(card, KEYS, TEMPLATES)).state is not FoundState.LOCKED, place
            await bench.do(card)
            assert await bench.number(card) == (None if work == "wipe" else bench.new.data.number), place
            card = bench.laid(torn)
            await DESK.wipe(card, bench.planned, KEYS, silent)
            assert (await DESK.look(card, KEYS, TEMPLATES)).state is FoundState.BLANK, place
            await DESK.personalise(card, replace(bench.new, before=0), KEYS, silent)
            assert await bench.number(card) == bench.new.data.number, place
        counts[work] = places
    told = ", ".join(f"{work} {places}" for work, places in counts.items())
    record_property("said", f"torn cards: {name}: {told} places cut, all {sum(counts.values())} recovered")
    assert min(counts.values()) >= 2 * 8
