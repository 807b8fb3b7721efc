"""A post whose computer dies anywhere in a release, and asks again under the same id, lets the goods out once."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from gateway.domain.slip_verdict import Code
from gateway.storage import crash, tables
from gateway.storage.store import Store
from tests.gateway.services.slip_stage import Load, build, issued, look, token

STEPS = ["slip.before_spend", "slip.after_spend", "slip.after_movement", "store.before_commit", "store.after_commit"]


def child(url: str, load: Load, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GATEHOUSE_CRASH": f"{crash_at}:1" if crash_at else ""}
    command = [sys.executable, "-m", "tests.gateway.services.slip_crash_child", url, load.id, load.text or ""]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_step_is_walked() -> None:
    """No crash point of a release is left out."""
    assert {name for name in crash.NAMES if name.startswith(("slip.", "store."))} == set(STEPS)


@pytest.mark.system
@pytest.mark.parametrize("step", STEPS)
def test_killed_and_asked_again(store: Store, store_url: str, step: str) -> None:
    """Before the commit nothing has left, after it everything; the retry is answered alike."""
    build(store)
    load = Load(token(issued(store)))
    killed = child(store_url, load, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = look(store, load.text or "").code
    assert done is (Code.ALREADY_RELEASED if step == "store.after_commit" else Code.OK)
    retried = child(store_url, load)
    assert (retried.stdout, retried.returncode) == (Code.RELEASED, 0), retried.stderr
    assert load.go(store).code is Code.RELEASED
    assert [line.remaining for line in look(store, load.text or "").lines] == [0, 0]
    with store.read() as conn:
        released = tables.journal.c.kind == "slip.released"
        assert conn.execute(select(func.count()).select_from(tables.journal).where(released)).scalar_one() == 1
        assert conn.execute(select(func.count()).select_from(tables.slip_movements)).scalar_one() == 1
