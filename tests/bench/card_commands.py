"""Commands and bytes to issue a card and to read one at a gate, beside the fewest that the layout allows.

The reference is a straight-line script of :mod:`tests.bench.fewest`, which issues the same card in the same run; what
lies on the two virtual cards afterwards must be equal to the last byte.
"""

import asyncio
import statistics
from collections.abc import Iterator
from types import ModuleType
from typing import Final

from drivers.cards.work import CardDesk
from gateway.domain.card_data import CardKind
from gateway.ports.cards import FoundState
from tests.bench.fewest import classic, desfire, fmcos
from tests.bench.fewest.script import Counter, Job, Script
from tests.bench.measure import Row, judge, judge_value, seconds
from tests.drivers.cards.desk import SITE, TEMPLATES, counting, keys, plan

_SCRIPTS: Final = {
    CardKind.DESFIRE_EV1: desfire,
    CardKind.DESFIRE_EV2: desfire,
    CardKind.CLASSIC: classic,
    CardKind.FMCOS: fmcos,
}
_SEVEN, _FOUR = bytes.fromhex("04A1B2C3D4E5F6"), bytes.fromhex("7AB4ABDC")
_KEYS: Final = keys(1)
_READS: Final = 60

CHECKS: Final = 1.2
"""Above the fewest with the checks that must be made: what a card that may be torn has to be asked besides."""

BARE: Final = {
    CardKind.DESFIRE_EV1: 1.6,
    CardKind.DESFIRE_EV2: 1.6,
    CardKind.CLASSIC: 2.7,
    CardKind.FMCOS: 2.3,
}
"""Above the fewest without any check: reading back costs as much as writing on cards that hold so little."""

LOOK: Final = 12
"""Commands to look at a blank card: its kind, whose keys it has, and that nothing lies on it."""

GATE: Final = {
    CardKind.DESFIRE_EV1: 1.2,  # one refusal, by which it is known
    CardKind.DESFIRE_EV2: 1.0,
    CardKind.CLASSIC: 1.0,
    CardKind.FMCOS: 1.4,  # two refusals: it is no DESFire card, and it has a master file
}
"""Above the fewest for a reader that knows beforehand which kind will come."""

ADDED_MS: Final = 5.0
"""Nobody notices, on a slow machine either."""


async def _step(_number: int) -> None:
    """Nothing has to be kept."""


def _desk() -> CardDesk:
    return CardDesk(SITE, counting())


def _job(kind: CardKind) -> Job:
    uid = _SEVEN if kind in {CardKind.DESFIRE_EV1, CardKind.DESFIRE_EV2} else _FOUR
    return Job.of(plan(kind, 1, uid=uid), _KEYS, counting())


def _issued(job: Job) -> tuple[Counter, int]:
    """A card as the desk issues it, and how many commands the look before took."""
    card = Counter(job.blank())
    card.logic.reset()
    found = asyncio.run(_desk().look(card, _KEYS, TEMPLATES))
    assert found.state is FoundState.BLANK
    looked = card.commands
    card.said.clear()
    asyncio.run(_desk().personalise(card, job.plan, _KEYS, _step))
    return card, looked


def _scripted(job: Job, script: ModuleType, *, checked: bool) -> Counter:
    card = Counter(job.blank())
    card.clear()
    script.issue(Script(job, card, checked=checked))
    return card


def _at_a_gate(kind: CardKind, job: Job, script: ModuleType, ours: Counter, fewest: Counter) -> Iterator[Row]:
    """The card that was issued, asked as a gate asks it."""
    added, its_own = [], []
    for _ in range(_READS):
        ours.clear()
        took_s = seconds(lambda: asyncio.run(_desk().read(ours, _KEYS, TEMPLATES)))
        added.append((took_s - ours.card_s) * 1000)
        its_own.append(ours.card_s * 1000)
    fewest.clear()
    by_script = Script(job, fewest, checked=True)
    by_script.same_card()
    script.read(by_script)
    limit = GATE[kind]
    yield judge(f"{kind}: a gate's reading", [(ours.commands, fewest.commands)], unit="commands", at_most=limit)
    name = f"{kind}: a gate's reading, added beside the card's own time"
    yield judge_value(name, statistics.median(added), statistics.median(its_own), unit="ms", at_most=ADDED_MS)


def rows() -> Iterator[Row]:
    """Each kind: commands, bytes, the look before, and a gate's reading."""
    for kind, script in _SCRIPTS.items():
        job = _job(kind)
        ours, looked = _issued(job)
        bare = _scripted(job, script, checked=False)
        checked = _scripted(job, script, checked=True)
        assert ours.logic.dump() == bare.logic.dump() == checked.logic.dump()
        limit = BARE[kind]
        counts = (ours.commands, bare.commands)
        yield judge(f"{kind}: issue, beside the fewest", [counts], unit="commands", at_most=limit)
        counts = (ours.commands, checked.commands)
        yield judge(f"{kind}: issue, beside the fewest with checks", [counts], unit="commands", at_most=CHECKS)
        counts = (ours.bytes, bare.bytes)
        yield judge(f"{kind}: issue, beside the fewest", [counts], unit="bytes", at_most=limit)
        counts = (ours.bytes, checked.bytes)
        yield judge(f"{kind}: issue, beside the fewest with checks", [counts], unit="bytes", at_most=CHECKS)
        yield judge_value(f"{kind}: the look before", looked, bare.commands, unit="commands", at_most=LOOK)
        yield from _at_a_gate(kind, job, script, ours, bare)
