"""The foreign client speaks native frames to the virtual card through a real pcscd."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KINDS = ("desfire-ev1", "desfire-ev2")
IN_NAMESPACE = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -m "$@"'

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("pcscd"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root"),
]


def test_the_foreign_client_works_on_cards_behind_pcscd() -> None:
    """Commands of one byte included: an application is made, a key changed, a file written and read."""
    program = [sys.executable, "tests.simulators.cards.desfire.foreign_inside_namespace", *KINDS]
    done = subprocess.run(
        ["unshare", "-m", "-n", "sh", "-c", IN_NAMESPACE, *program],
        capture_output=True,
        timeout=120,
        check=False,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert done.returncode == 0, done.stderr
    told = {"uid": "04112233445566", "version": 9, "text": "goods release"}
    assert json.loads(done.stdout) == dict.fromkeys(KINDS, told)
