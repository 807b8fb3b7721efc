"""The high-water mark: the newest list versions ever published, kept outside the database and its backups.

A store restored from a backup has gone back in time; publishing from it would reuse versions that
controllers already hold with other contents. So the mark is written, and on the disk, before a
version is published; a store that lies below it must not publish until a person raises the epoch.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.domain.errors import MalformedError
from gateway.storage import crash

crash.register("highwater.written", "highwater.replaced")

Standing = tuple[int, int]
"""(epoch, version) of a list; compared in that order."""


class HighWater:
    """The mark in the file ``path``, for one writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks = _read(path)

    @property
    def marks(self) -> Mapping[str, Standing]:
        """The highest (epoch, version) of each list."""
        return self._marks

    def behind(self, held: Mapping[str, Standing]) -> dict[str, Standing]:
        """The lists of a store that lie below the mark, with the mark: any at all means it was restored from a backup.

        A list the mark knows and the store does not have is behind, too.
        """
        return {name: mark for name, mark in self._marks.items() if held.get(name, (0, 0)) < mark}

    def advance(self, held: Mapping[str, Standing]) -> None:
        """Raises the mark; when this returns it is on the disk. Nothing is written when nothing rises."""
        risen = {name: at for name, at in held.items() if at > self._marks.get(name, (0, 0))}
        if risen:
            marks = {**self._marks, **risen}
            _replace(self._path, json.dumps({"v": 1, "lists": marks}, sort_keys=True))
            self._marks = marks


def _read(path: Path) -> dict[str, Standing]:
    try:
        stored = json.loads(path.read_text())
        return {name: (int(epoch), int(version)) for name, (epoch, version) in stored["lists"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedError(
            "The high-water mark %(path)s cannot be read. Remove it only when you are sure that the store "
            "was not restored from a backup.",
            path=path,
        ) from error


def _replace(path: Path, text: str) -> None:
    """Writes beside, fsync, rename, fsync of the directory: the file is never half."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    crash.crashpoint("highwater.written")
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    crash.crashpoint("highwater.replaced")
