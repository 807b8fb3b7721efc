"""A card that is pulled away at every command, before and after it was carried out, and laid down again."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from drivers.cards.exchange import Procedure, drive, run
from gateway.domain.card_data import CardData, CardKind, HolderClass
from gateway.domain.card_template import CardTemplates
from gateway.ports import DeviceOfflineError
from gateway.ports.cards import FACTORY, CardKeys, CardKeySet, EncodePlan, KeyPurpose
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal

SITE = 17
ISSUED = 1_700_000_000
T = TypeVar("T")


def keyset(version: int) -> CardKeySet:
    """Masters that differ in every purpose and version."""
    return CardKeySet(version, {p: bytes([version, n]) * 8 for n, p in enumerate(KeyPurpose)})


OLD = CardKeys(1, {1: keyset(1)})
BOTH = CardKeys(2, {1: keyset(1), 2: keyset(2)})


def randoms() -> Callable[[int], bytes]:
    """Bytes that are never the same twice."""
    numbers = iter(range(1, 100_000))
    return lambda size: next(numbers).to_bytes(size)


def plan_for(
    uid: bytes, kind: CardKind, version: int = 1, before: int = FACTORY, templates: CardTemplates | None = None
) -> EncodePlan:
    """The number says the version, so that cards of two versions carry two numbers."""
    data = CardData(SITE, bytes(7) + bytes([version]), ISSUED, version, HolderClass.STAFF)
    return EncodePlan(uid, kind, data, templates or CardTemplates(), before)


@dataclass
class Bench:
    """One virtual card in the same process."""

    kind: str
    uid: bytes

    def __post_init__(self) -> None:
        self.card = make(self.kind, self.uid)
        self.hand = Mortal(self.card)
        self.wire = InProcess(self.hand)

    def run(self, work: Procedure[T]) -> T:
        """Lays the card down again and works on it."""
        self.wire.lay()
        return drive(work, self.wire.answer)

    def count(self, work: Procedure[None]) -> int:
        """How many commands the work takes."""
        self.run(work)
        return self.hand.commands

    def steps(self, work: Procedure[None]) -> list[int]:
        """The numbers of the steps that the work announces."""
        self.wire.lay()
        seen: list[int] = []

        async def on_step(number: int) -> None:
            seen.append(number)

        asyncio.run(run(work, self.wire, on_step))
        return seen


def cuts(prepare: Callable[[], Bench], work: Callable[[Bench], Procedure[None]]) -> Iterator[Bench]:
    """The card after each cut of the work: at every command, before it was carried out and after."""
    total = _length(prepare, work)
    for place in range(1, total + 1):
        for doom in ({"die_before": place}, {"die_after": place}):
            bench = prepare()
            bench.wire.lay()
            bench.hand.doom(**doom)
            with pytest.raises(DeviceOfflineError):
                drive(work(bench), bench.wire.answer)
            yield bench


def _length(prepare: Callable[[], Bench], work: Callable[[Bench], Procedure[None]]) -> int:
    bench = prepare()
    return bench.count(work(bench))
