"""pcscd, readers and cards that go away or are exchanged while a card is written: nothing is lost, the work waits.

Through a real pcscd and pyscard, each story in a namespace of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cards.inside_faults import STORIES
from tests.cards.pcscd import IN_NAMESPACE

PATIENCE_S = 300


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root")
@pytest.mark.parametrize("story", STORIES)
def test_what_goes_wrong_around_a_card(tmp_path: Path, story: str) -> None:
    """The page says what is missing, the daemon runs on, and the next tap of the card ends its work."""
    done = subprocess.run(
        ["unshare", "-m", "-n", "sh", "-c", IN_NAMESPACE, sys.executable, "tests.cards.inside_faults", tmp_path, story],
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert "Traceback" not in done.stdout + done.stderr
