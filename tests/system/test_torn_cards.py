"""Cards torn off the desk at every command, through a real pcscd and pyscard, are finished or wiped by their next tap.

The readers see a card come and go only a few times a second: so there are many, each with a desk's worker of its own.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cards.pcscd import IN_NAMESPACE, MOST_SLOTS
from tests.cards.torn import KINDS

PATIENCE_S = 600
TRIES = 2
"""Sixteen readers at once have been seen to bring pcsc-lite's client library down: that says nothing of our cards."""


def torn_in_a_namespace(folder: Path, say: Callable[[str, object], None]) -> "subprocess.CompletedProcess[str]":
    """The whole story, from the beginning; its own faults are never tried again, a fallen library is once, and told."""
    module, arguments = "tests.cards.inside_torn", (str(folder), str(MOST_SLOTS))
    for number in range(TRIES):
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            ["unshare", "-m", "-n", "sh", "-c", IN_NAMESPACE, sys.executable, module, *arguments],
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            text=True,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        )
        if done.returncode != -signal.SIGSEGV or number == TRIES - 1:
            return done
        say("said", f"torn cards: pcsc-lite's client fell, begun anew:\n{done.stderr[-3000:]}")
        shutil.rmtree(folder)
    raise AssertionError


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root")
def test_every_place_of_every_kind(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Issued, written anew, wiped, and given up: before and after each command of all four kinds; none is left out."""
    done = torn_in_a_namespace(tmp_path / "torn", record_property)
    assert done.returncode == 0, done.stderr[-5000:]
    assert "Traceback" not in done.stdout + done.stderr
    told = json.loads((tmp_path / "torn" / "told.json").read_text())
    assert set(told["kinds"]) == set(KINDS)
    for kind, places in told["kinds"].items():
        assert places["cut"] == places["expected"]
        record_property("torn", ["through pcscd", kind, places["cut"]])
