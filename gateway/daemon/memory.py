"""Keys that are in memory stay out of files: no core dump holds them, and other processes of the user cannot look."""

import ctypes
import os
import resource
import sys
from typing import Final

from gateway.domain.errors import ForbiddenError

_PR_SET_DUMPABLE: Final = 4  # prctl(2); unlike the limit it also keeps dumps from a program that takes them by pipe


def keep_out_of_dumps() -> None:
    """For this process. Raises ForbiddenError where the system does not let it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise ForbiddenError("This process cannot forbid core dumps: %(why)s.", why=os.strerror(ctypes.get_errno()))
