"""What the reference controller keeps on its disk, each file written beside, synced and renamed.

``{list}.base`` is a whole list, ``{list}.journal`` the merged changes since, small enough to be written at
every change; ``{list}.fresh`` says until when the list is confirmed. A file that does not prove itself
by its root is as good as none: the list is read from the broker again.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.domain.errors import MalformedError
from gateway.domain.whitelist import Changes, Whitelist, decode_entries
from gateway.signing.cbor import dumps
from sync.protocol.fields import Fields
from sync.protocol.lists import changes_of
from sync.protocol.planning import encode_entries, merge_into, size_of

_JOURNAL_MOST: Final = 32 * 1024
_FILE_LIMIT: Final = 64 * 1024 * 1024


def write_atomically(path: Path, data: bytes) -> None:
    """The file has the old bytes or the new ones, whatever happens."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class ControllerStore:
    """A directory of files."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._journals: dict[str, tuple[int, int, Changes]] = {}

    def save_list(self, name: str, held: Whitelist, changes: Changes | None) -> None:
        """Keeps a list that came into force: only its changes, as long as they are few."""
        journal = self._journals.get(name)
        if changes is not None and journal is not None and journal[0] == held.epoch:
            merge_into(journal[2], changes)
            if size_of(journal[2]) <= _JOURNAL_MOST:
                self._save_journal(name, held, journal[1], journal[2])
                return
        self._save_base(name, held)

    def _save_base(self, name: str, held: Whitelist) -> None:
        fields = {"v": 1, "epoch": held.epoch, "version": held.version, "root": held.root()}
        write_atomically(self._path(name, "base"), dumps(fields | {"entries": encode_entries(held)}))
        self._path(name, "journal").unlink(missing_ok=True)
        self._journals[name] = (held.epoch, held.version, Changes())

    def _save_journal(self, name: str, held: Whitelist, base_version: int, changes: Changes) -> None:
        fields = {"v": 1, "epoch": held.epoch, "version": held.version, "root": held.root(), "from": base_version}
        changed = {"puts": changes.encode_puts(), "drops": changes.encode_drops()}
        write_atomically(self._path(name, "journal"), dumps(fields | changed))

    def load_list(self, name: str) -> Whitelist | None:
        """The list as it was last in force, or None."""
        try:
            held = self._load_base(name)
            if held is None:
                return None
            self._journals[name] = (held.epoch, held.version, Changes())
            newer = self._load_journal(name, held)
        except MalformedError:
            return None
        held = newer or held
        held.fresh_until = self._load_fresh(name)
        return held

    def _load_base(self, name: str) -> Whitelist | None:
        data = self.load(f"{name}.base")
        if data is None:
            return None
        f = Fields.of_message(data, _FILE_LIMIT)
        held = Whitelist(decode_entries(f.data("entries")), epoch=f.uint("epoch"), version=f.uint("version"))
        return held if held.root() == f.data("root") else None

    def _load_journal(self, name: str, base: Whitelist) -> Whitelist | None:
        data = self.load(f"{name}.journal")
        if data is None:
            return None
        f = Fields.of_message(data, _FILE_LIMIT)
        if (f.uint("epoch"), f.uint("from")) != (base.epoch, base.version):
            return None
        changes = changes_of(f.data("puts"), f.data("drops"))
        held = base.copy()
        held.apply(changes)
        held.version = f.uint("version")
        if held.root() != f.data("root"):
            return None
        self._journals[name] = (base.epoch, base.version, changes)
        return held

    def save_fresh(self, name: str, fresh_until: int) -> None:
        """Until when the list is confirmed (unix seconds)."""
        self.save(f"{name}.fresh", str(fresh_until).encode())

    def _load_fresh(self, name: str) -> int:
        data = self.load(f"{name}.fresh")
        return int(data) if data is not None and data.isdigit() else 0

    def save(self, name: str, data: bytes) -> None:
        """A small file."""
        write_atomically(self._directory / name, data)

    def load(self, name: str) -> bytes | None:
        """Its bytes, or None."""
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return None

    def save_map(self, name: str, value: Mapping[str, Any]) -> None:
        """A small map."""
        self.save(name, dumps({"v": 1, **value}))

    def load_map(self, name: str) -> Fields | None:
        """The fields of a small map, or None when there is none that can be read."""
        data = self.load(name)
        try:
            return None if data is None else Fields.of_message(data, _FILE_LIMIT)
        except MalformedError:
            return None

    def _path(self, name: str, suffix: str) -> Path:
        return self._directory / f"{name}.{suffix}"
