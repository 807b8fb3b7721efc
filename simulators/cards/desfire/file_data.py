"""Standard and backup data files."""

from typing import Any

from simulators.cards.desfire.files import File, FileHead, FileType, blocks


class DataFile(File):
    """Bytes; with ``backed_up``, what is written shows only after CommitTransaction."""

    def __init__(self, head: FileHead, content: bytes, *, backed_up: bool) -> None:
        super().__init__(head)
        self.type = FileType.BACKUP if backed_up else FileType.STANDARD
        self.content = content
        self._new: bytes | None = None

    @property
    def memory(self) -> int:
        """Whole blocks; twice for the mirror of a backup file."""
        return blocks(len(self.content)) * (2 if self.type is FileType.BACKUP else 1)

    def particulars(self) -> bytes:
        """Its size."""
        return len(self.content).to_bytes(3, "little")

    def write(self, offset: int, data: bytes) -> None:
        """The place was checked before."""
        old = self.content if self._new is None else self._new
        new = old[:offset] + data + old[offset + len(data) :]
        if self.type is FileType.BACKUP:
            self._new = new
        else:
            self.content = new

    def commit(self) -> bool:
        """The mirror becomes the content."""
        changed, self._new = self._new, None
        if changed is not None:
            self.content = changed
        return changed is not None

    def abort(self) -> bool:
        """The mirror is dropped."""
        changed, self._new = self._new, None
        return changed is not None

    def dump(self) -> dict[str, Any]:
        """Its content."""
        return {"type": self.type.name, "head": self.head.dump(), "content": self.content.hex()}
