"""A gateway's gates in a process that a crash test kills: one resident presents a card, the barrier writes a file.

``python -m tests.gateway.runtime.crash_child DIRECTORY [stalled]``; ``stalled`` keeps the store busy, so that the
record is spilled. Ends by itself when nobody kills it.
"""

import asyncio
import os
import sys
import threading
from pathlib import Path

from gateway.domain.errors import StoreBusyError
from gateway.runtime.journal_store import StoreJournal
from gateway.storage.store import Store
from tests.gateway.runtime.conftest import build
from tests.gateway.runtime.fakes import until


class StalledJournal(StoreJournal):
    """Refuses for ever, as while a backup tool holds the lock."""

    def append(self, _records: object) -> range:
        raise StoreBusyError("busy")


def note_opening(path: Path) -> None:
    """On the disk before anything else happens."""
    with path.open("a") as file:
        file.write("open\n")
        file.flush()
        os.fsync(file.fileno())


async def play(directory: Path, *, stalled: bool) -> None:
    """One card, once."""
    store = Store(f"sqlite:///{directory}/gatehouse.db", boot=f"boot-{os.getpid()}")
    journal = StalledJournal(store) if stalled else StoreJournal(store)
    rig = build(directory / "spill", journal, boot=store.boot)
    rig.barrier.at_open = lambda: note_opening(directory / "openings")
    rig.journal.replay()
    rig.start()
    rig.present()
    await until(lambda: bool(rig.barrier.commands))
    if not stalled:
        await rig.stop()


if __name__ == "__main__":
    _watchdog = threading.Timer(30, os._exit, (3,))
    _watchdog.daemon = True
    _watchdog.start()
    asyncio.run(play(Path(sys.argv[1]), stalled="stalled" in sys.argv))
    os._exit(0)
