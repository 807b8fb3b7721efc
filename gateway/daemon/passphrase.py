"""Asks for the pass-phrase: on the terminal, or from a file or pipe that ``$GATEHOUSE_PASSPHRASE_FILE`` names."""

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import Final

from gateway.daemon.config import ConfigError, read_private

VARIABLE: Final = "GATEHOUSE_PASSPHRASE_FILE"
SHORTEST: Final = 12


def ask(*, new: bool) -> str:
    """The pass-phrase without the end of its line. A ``new`` one is asked for twice. Raises ConfigError."""
    named = os.environ.get(VARIABLE)
    said = _from_file(Path(named)) if named else _from_terminal(new=new)
    if not said:
        raise ConfigError("keys.passphrase: the pass-phrase is empty.")
    if new and len(said) < SHORTEST:
        raise ConfigError("keys.passphrase: take %(least)s characters or more, such as five words.", least=SHORTEST)
    return said


def _from_file(path: Path) -> str:
    """A regular file is private; a pipe such as ``/dev/stdin`` is read to its end."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return read_private(path, VARIABLE).rstrip("\r\n")
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("%(key)s: %(path)s: %(why)s.", key=VARIABLE, path=str(path), why=error) from error


def _from_terminal(*, new: bool) -> str:
    if not sys.stdin.isatty():
        raise ConfigError(
            "keys.passphrase: there is no terminal to ask for the pass-phrase. Name a file or pipe that holds it in "
            "$%(variable)s.",
            variable=VARIABLE,
        )
    said = getpass.getpass("Pass-phrase of Gatehouse: ")
    if new and getpass.getpass("Once more: ") != said:
        raise ConfigError("keys.passphrase: the two pass-phrases differ. Start again.")
    return said
