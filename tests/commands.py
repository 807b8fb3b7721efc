"""The command ``gatehouse`` in this process: quicker than a process of its own, and the same to its user."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from gateway.daemon import cli
from gateway.domain.errors import GatehouseError


@dataclass(frozen=True, slots=True)
class Ran:
    """What it printed on each stream, and its exit code; ``trace`` of an error, which a person does not see."""

    code: int
    out: str
    err: str
    trace: str


def gatehouse(config: Path, *arguments: str, lines: Sequence[str] = ()) -> Ran:
    """Runs a command with lines on standard input, which is no terminal."""
    stdin = "".join(f"{line}\n" for line in lines)
    ran = CliRunner().invoke(cli.app, [*arguments, "-c", str(config)], input=stdin)
    error = ran.exception
    if error is None or isinstance(error, SystemExit):
        return Ran(ran.exit_code, ran.stdout, ran.stderr, "")
    if not isinstance(error, GatehouseError):
        raise error
    return Ran(1, ran.stdout, f"{ran.stderr}gatehouse: {error}\n", "".join(traceback.format_exception(error)))
