"""Killed between any two durable steps, the gate has never opened without a record, and none is there twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.runtime.journal_store import StoreJournal
from gateway.runtime.journal_writer import JournalWriter
from gateway.runtime.records import RecordMaker
from gateway.runtime.spill import Spill
from gateway.storage import crash, tables, verification
from gateway.storage.store import Store

SPILL_SIZE = 64 * 1024
STORED = ("journal.before_commit", "journal.after_commit", "admission.recorded")
SPILLED = ("spill.written", "spill.synced", "admission.recorded")


def _play(directory: Path, crash_at: str, *how: str) -> int:
    command = [sys.executable, "-m", "tests.gateway.runtime.crash_child", str(directory), *how]
    environment = {**os.environ, "GATEHOUSE_CRASH": crash_at}
    return subprocess.run(command, env=environment, check=False, timeout=60).returncode


def _grants(store: Store) -> list[tuple[str, object]]:
    with store.read() as conn:
        assert verification.verify(conn).ok
        rows = conn.execute(select(tables.journal).where(tables.journal.c.kind == "access.granted")).all()
    return [(row.boot, json.loads(row.body)["n"]) for row in rows]


def _recovered(directory: Path) -> tuple[list[tuple[str, object]], int]:
    """After the next start: the grants in the journal, and how often the barrier opened."""
    store = Store(f"sqlite:///{directory}/gatehouse.db", boot="recovery")
    for _start in range(2):
        writer = JournalWriter(StoreJournal(store), Spill(directory / "spill", SPILL_SIZE), RecordMaker("r", float))
        writer.replay()
    grants = _grants(store)
    store.close()
    openings = directory / "openings"
    return grants, openings.read_text().count("open") if openings.exists() else 0


@pytest.mark.system
@pytest.mark.parametrize("name", STORED)
def test_store(tmp_path: Path, sqlite_template: Path, name: str) -> None:
    """With a working store."""
    shutil.copy(sqlite_template, tmp_path / "gatehouse.db")
    assert _play(tmp_path, f"{name}:1") == -signal.SIGKILL
    grants, openings = _recovered(tmp_path)
    assert openings == 0
    assert len(grants) == (0 if name == "journal.before_commit" else 1)
    assert _play(tmp_path, "") == 0
    grants_after, openings = _recovered(tmp_path)
    assert openings == 1
    assert len(grants_after) == len(set(grants_after)) == len(grants) + 1


@pytest.mark.system
@pytest.mark.parametrize("name", SPILLED)
def test_spill(tmp_path: Path, sqlite_template: Path, name: str) -> None:
    """While the store is stalled."""
    shutil.copy(sqlite_template, tmp_path / "gatehouse.db")
    assert _play(tmp_path, f"{name}:1", "stalled") == -signal.SIGKILL
    grants, openings = _recovered(tmp_path)
    assert openings == 0
    assert len(grants) == len(set(grants))
    assert len(grants) >= (0 if name == "spill.written" else 1)
    assert _play(tmp_path, "", "stalled") == 0
    grants_after, openings = _recovered(tmp_path)
    assert openings == 1
    assert len(grants_after) == len(set(grants_after)) == len(grants) + 1


def test_every_crash_point_of_the_gates_is_walked() -> None:
    """A new one needs a line here."""
    ours = {name for name in crash.NAMES if name.split(".")[0] in {"journal", "admission", "spill"}}
    assert ours == {*STORED, *SPILLED}
