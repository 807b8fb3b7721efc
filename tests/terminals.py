"""Someone at a terminal, who answers each question of a program when it is asked."""

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """What the program said: ``shown`` is what the terminal echoed of the answers."""

    code: int
    out: str
    shown: str


def converse(command: Sequence[str], answers: Sequence[str], environment: Mapping[str, str]) -> Said:
    """Runs a program on a terminal; a question ends with a colon and a space, and stands on standard error."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        asked = "".join(_answer(process, ours, answer) for answer in answers)
        out, err = process.communicate(timeout=60)
        return Said(process.returncode, out.decode() + asked + err.decode(), _echoed(ours))
    finally:
        process.kill()
        os.close(theirs)
        os.close(ours)


def _answer(process: "subprocess.Popen[bytes]", terminal: int, answer: str) -> str:
    """Waits for the question: what is typed before it is thrown away."""
    asked = b""
    while not asked.endswith(b": "):
        assert process.stderr is not None
        one = os.read(process.stderr.fileno(), 1)
        assert one, asked
        asked += one
    os.write(terminal, f"{answer}\n".encode())
    return asked.decode()


def _echoed(terminal: int) -> str:
    os.set_blocking(terminal, False)
    try:
        return os.read(terminal, 65536).decode()
    except BlockingIOError:
        return ""
