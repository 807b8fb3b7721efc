"""A process that holds keys leaves no core dump, by file or by pipe."""

import subprocess
import sys

SCRIPT = """
import ctypes, resource
from gateway.daemon.memory import keep_out_of_dumps
resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))
keep_out_of_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_no_core_dump() -> None:
    """The limit is zero for good, and PR_GET_DUMPABLE (3) says no."""
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "(0, 0) 0\n"
