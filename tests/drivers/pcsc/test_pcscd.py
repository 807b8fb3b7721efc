"""The PC/SC encoder against a real pcscd and vpcd."""

import json
import os
import subprocess
import sys

import pytest

IN_NAMESPACE = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -m "$1"'


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root")
def test_cards_are_read_and_a_restarted_service_is_found_again() -> None:
    """Offline before pcscd runs; a card laid, asked and lifted; the same again after pcscd was stopped and started."""
    done = subprocess.run(
        ["unshare", "-m", "-n", "sh", "-c", IN_NAMESPACE, sys.executable, "tests.drivers.pcsc.inside_namespace"],
        capture_output=True,
        timeout=300,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reply"] == "04a1b2c3d4e5f69000"
    assert told["heard"] == [["laid", "04a1b2c3d4e5f6"], ["lifted", ""]] * 2
    assert [s for s in told["states"] if s == "online"] == ["online"] * 2
    assert told["states"][:2] == ["starting", "offline"]
    assert told["states"][-1] == "offline"
