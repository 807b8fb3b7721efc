"""Every kind of card torn at every command over a real pcscd, on several desks at once; writes down how often.

Arguments: a folder to work in, which gets ``told.json``, and how many slots.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from gateway.domain.encode_job import JobKind
from gateway.domain.person import Relation
from tests.cards.bench import Bench
from tests.cards.desks import online, running
from tests.cards.pcscd import SLOTS_A_READER, PcscHand, pcscd, write_config
from tests.cards.torn import KINDS, Cut, Torn

Task = tuple[str, Cut, bool]


def desks(bench: Bench, readers: int) -> list[dict[str, Torn]]:
    """Each with a household of its own, so that no desk waits for another's place in the quota."""
    made = []
    for reader in range(readers):
        unit = bench.compound.unit_of(f"3-1-7{reader:02}", "b3")
        person = bench.compound.person(f"住户{reader}")
        bench.compound.settle(person, Relation.OWNER, unit=unit)
        hand = PcscHand(f"desk-{reader}", reader)
        made.append({kind: Torn(bench, hand, kind, unit, person) for kind in KINDS})
    return made


async def serve(desk: dict[str, Torn], tasks: "asyncio.Queue[Task]") -> None:
    while not tasks.empty():
        kind, cut, given_up = tasks.get_nowait()
        await (desk[kind].given_up if given_up else desk[kind].round)(cut)


async def torn(bench: Bench, readers: int) -> dict[str, dict[str, int]]:
    """The places of each kind: ``cut``, and ``expected`` by the commands counted without a cut."""
    made = desks(bench, readers)
    await asyncio.gather(*(made[n % readers][kind].measure() for n, kind in enumerate(KINDS)))
    tasks: asyncio.Queue[Task] = asyncio.Queue()
    told: dict[str, dict[str, int]] = {}
    for n, kind in enumerate(KINDS):
        first = made[n % readers][kind]
        for desk in made:
            desk[kind].commands = first.commands
        for cut in first.cuts():
            tasks.put_nowait((kind, cut, False))
            if first.cut_here(JobKind.ISSUE, cut):
                tasks.put_nowait((kind, cut, True))
        told[kind] = {"expected": first.expected.total()}
    async with asyncio.TaskGroup() as group:
        for desk in made:
            group.create_task(serve(desk, tasks))
    for kind in KINDS:
        places: Counter[JobKind] = sum((desk[kind].places for desk in made), Counter())
        told[kind]["cut"] = places.total()
    return told


async def story(directory: Path, readers: int) -> dict[str, object]:
    started = time.monotonic()
    async with running(directory, readers) as bench:
        with pcscd(write_config(directory, range(readers // SLOTS_A_READER))):
            await online(bench, *(f"desk-{reader}" for reader in range(readers)))
            told = await torn(bench, readers)
    return {"kinds": told, "seconds": time.monotonic() - started}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "told.json").write_text(json.dumps(asyncio.run(story(folder, int(sys.argv[2])))))
